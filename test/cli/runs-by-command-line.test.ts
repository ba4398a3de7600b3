import { describe, expect, it } from '@jest/globals';
import { PipelineClient } from '../../client/pipeline-client.ts';
import type { Environment } from '../../pipeline/settings.ts';
import { jsonOf, msp, type CliResult } from '../support/cli.ts';
import {
  archiveMismatch,
  fakeActivities,
  ordinarySettings,
  type Replacements,
} from '../support/fakes/fake-activities.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { glueWorks, startRun } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

type Cli = (...args: string[]) => Promise<CliResult>;

describe('a run from the command line', () => {
  const server = devServer();

  async function operating(
    activities: Replacements,
    work: (cli: Cli, taskQueue: string, given: (settings: Environment) => Cli) => Promise<void>,
  ): Promise<void> {
    await withWorker(server.env, fakeActivities(activities), async (taskQueue) => {
      const environment = { TEMPORAL_ADDRESS: server.env.address, MSP_TASK_QUEUE: taskQueue };
      const given =
        (settings: Environment): Cli =>
        (...args) =>
          msp({ ...environment, ...settings }, ...args);
      await work(given({}), taskQueue, given);
    });
  }

  const needsOperator = async (cli: Cli, run: string): Promise<unknown> =>
    await until('the run needs an operator', async () => {
      const view = await cli('status', run, '-o', 'json');
      return /"commands": \[\s*"(retryStage|approve)"/.test(view.stdout) ? jsonOf(view) : undefined;
    });

  it('is started, waited for, listed, and found by each of its names', async () => {
    await operating({}, async (cli) => {
      const ended = await cli('run', '--wait', '--id', 'by-name', '-o', 'json');
      expect(ended.exitCode).toBe(0);
      const view = jsonOf(ended) as { run: string };
      expect(view).toMatchObject({
        workflowId: 'by-name',
        status: 'Completed',
        execution: 'COMPLETED',
        end: { ended: 'completed', outcome: 'published', rows: { delivered: 100 } },
      });
      expect(ended.stderr).toMatch(/validation: done/);

      for (const name of ['by-name', view.run, 'latest']) {
        const found = await cli('status', name, '-o', 'json');
        expect(found.exitCode).toBe(0);
        expect(jsonOf(found)).toMatchObject({ run: view.run });
      }
      expect(await cli('abort', 'by-name', '--reason', 'late', '--yes')).toMatchObject({
        exitCode: 4,
        stderr: expect.stringMatching(/The run has ended/),
      });
      const people = await cli('status');
      expect(people.stdout).toMatch(/✓ validation/);
      const listed = await until('the run is listed', async () => {
        const runs = await cli('runs', '-o', 'json');
        return runs.stdout.includes('Completed') ? runs : undefined;
      });
      expect(jsonOf(listed)).toMatchObject([
        { workflowId: 'by-name', status: 'Completed', trigger: 'manual' },
      ]);
    });
  });

  it('that is held ends the waiting with 7, takes an approval, and says by whom', async () => {
    const held = { verdict: 'hold' as const, reasons: ['6 of 100 rows rejected'] };
    const rows = { delivered: 100, valid: 94, duplicate: 0, rejected: 6, underReview: 0 };
    await operating(
      { judgeQuality: () => Promise.resolve({ gate: held, rows, rejectedFiles: 0 }) },
      async (cli) => {
        const waited = await cli('run', '--wait', '--id', 'held');
        expect(waited.exitCode).toBe(7);
        expect(waited.stdout).toMatch(/6 of 100 rows rejected[\s\S]*msp approve held/);

        const refused = await cli('retry', 'held', '--reason', 'try again');
        expect(refused).toMatchObject({ exitCode: 4 });
        expect(refused.stderr).toMatch(/No stage is parked/);

        const approved = await cli(
          'approve',
          'held',
          '--reason',
          'known source',
          '--by',
          'ada',
          '-o',
          'json',
        );
        expect(approved.exitCode).toBe(0);
        expect(jsonOf(approved)).toMatchObject({ accepted: true, command: 'approve' });
        const watched = await cli('watch', 'held');
        expect(watched.exitCode).toBe(0);
        expect(jsonOf(await cli('watch', 'held', '-o', 'json'))).toMatchObject({ workflowId: 'held' });
        expect((await cli('status', 'held')).stdout).toMatch(/approve by ada: known source/);
      },
    );
  });

  it('that is parked can be retried or aborted; what would destroy something is asked for', async () => {
    await operating({ archiveInputs: () => Promise.reject(archiveMismatch) }, async (cli) => {
      await cli('run', '--id', 'parked');
      expect(await needsOperator(cli, 'parked')).toMatchObject({
        parked: { stage: 'archive_processed_data', failure: { type: 'ArchiveMismatch' } },
        commands: ['retryStage', 'skipStage', 'pause', 'emergencyShutdown', 'abort'],
      });
      const other = await cli('retry', 'parked', '--reason', 'again', '--stage', 'validation');
      expect(other).toMatchObject({ exitCode: 4 });
      expect((await cli('retry', 'parked', '--reason', 'again')).stdout).toMatch(/round 2/);
      await needsOperator(cli, 'parked');

      const unasked = await cli('abort', 'parked', '--reason', 'enough');
      expect(unasked).toMatchObject({ exitCode: 2 });
      expect(unasked.stderr).toMatch(/Add --yes/);
      expect((await cli('abort', 'parked', '--reason', 'enough', '--yes')).exitCode).toBe(0);
      expect((await cli('watch', 'parked')).exitCode).toBe(1);
    });
  });

  it('says what is wrong with exit codes: unknown run, id in use, wrong request, no worker', async () => {
    const never = (): Promise<never> => new Promise<never>(() => undefined);
    await operating({ validateAwsConnection: () => never() }, async (cli) => {
      expect((await cli('status', 'nobody')).exitCode).toBe(3);
      expect((await cli('run', '--id', 'twice')).exitCode).toBe(0);
      expect((await cli('run', '--id', 'twice')).stderr).toMatch(/twice is running already/);
      const both = await cli('run', '--input', 'a.csv', '--date', '2024-06-25');
      expect(both).toMatchObject({ exitCode: 2 });
      expect(both.stderr).toMatch(/not both/);
      await server.env.client.workflow.getHandle('twice').terminate('taken away');
      expect((await cli('watch', 'twice')).stdout).toMatch(/failed: .*taken away/);
      expect(jsonOf(await cli('status', 'twice', '-o', 'json'))).toMatchObject({
        status: 'TERMINATED',
        commands: [],
      });
    });
  });

  it('can be followed by a program through the client', async () => {
    await operating({}, async (_cli, taskQueue) => {
      const environment = { TEMPORAL_ADDRESS: server.env.address, MSP_TASK_QUEUE: taskQueue };
      const pipeline = PipelineClient.connect({ environment });
      try {
        const run = await pipeline.runs.start({});
        expect(await pipeline.runs.result(run)).toMatchObject({
          ended: 'completed',
          result: { run: run.run },
        });
        expect(await pipeline.runs.checkpoints(run)).toHaveLength(15);
      } finally {
        await pipeline.close();
      }
    });
  });

  it('takes a command that was meant for it before it moved to a new history', async () => {
    const glue = new GlueInHand('dynamodb_load');
    const shortHistories = () => Promise.resolve({ ...ordinarySettings, historySteps: 10 });
    await operating({ ...glue.activities, readRunSettings: shortHistories }, async (_cli, taskQueue) => {
      const first = await startRun(server.env, taskQueue);
      await glueWorks(server.env.client.workflow.getHandle(first.workflowId), 'dynamodb_load');
      const environment = { TEMPORAL_ADDRESS: server.env.address, MSP_TASK_QUEUE: taskQueue };
      const pipeline = PipelineClient.connect({ environment });
      const latest = await pipeline.runs.find(first.workflowId);
      expect(latest.runId).not.toBe(first.firstExecutionRunId);
      const seen = { ...latest, runId: first.firstExecutionRunId };
      const why = { by: 'ada', reason: 'the source is broken' };
      expect(await pipeline.runs.command('pause', seen, why)).toMatchObject({ stage: 'dynamodb_load' });
      await pipeline.runs.command('resume', seen, why);
      glue.end();
      await first.result();
      await expect(pipeline.runs.command('pause', seen, why)).rejects.toMatchObject({ code: 'Refused' });
      await pipeline.close();
    });
  });

  it('is waited for until somebody pauses it', async () => {
    const glue = new GlueInHand('validation');
    await operating(glue.activities, async (cli) => {
      const waiting = cli('run', '--wait', '--id', 'paused');
      await until('Glue works', () => glue.runs[0]);
      expect((await cli('pause', 'paused', '--reason', 'the source is broken')).exitCode).toBe(0);
      const ended = await waiting;
      expect(ended).toMatchObject({ exitCode: 7 });
      expect(ended.stdout + ended.stderr).toMatch(/Paused by .*: the source is broken/);
      expect((await cli('resume', 'paused', '--reason', 'well again')).exitCode).toBe(0);
      glue.end();
      await server.env.client.workflow.getHandle('paused').result();
    });
  });

  it('is declared as a schedule that is created, compared, corrected, paused and triggered', async () => {
    await operating({}, async (cli) => {
      expect((await cli('schedules', 'apply', '--dry-run')).stdout).toMatch(/would be created/);
      expect((await cli('schedules', 'apply')).stdout).toMatch(/music_streaming-daily: created/);
      expect(jsonOf(await cli('schedules', 'apply', '-o', 'json'))).toMatchObject({ outcome: 'unchanged' });

      const handle = server.env.client.schedule.getHandle('music_streaming-daily');
      await handle.update(({ spec: _spec, ...rest }) => ({ ...rest, spec: { calendars: [{ hour: 5 }] } }));
      const corrected = await cli('schedules', 'apply');
      expect(corrected.stdout).toMatch(/updated\n\s+times: daily at 05:00 UTC -> daily at 03:00 UTC/);

      expect((await cli('schedules', 'pause', '--reason', 'maintenance')).exitCode).toBe(0);
      const paused = await until('the schedule is listed as paused', async () => {
        const listed = await cli('schedules', 'list');
        return listed.stdout.includes('paused: maintenance') ? listed : undefined;
      });
      expect(paused.stdout).toMatch(/daily at 03:00 UTC/);
      expect((await cli('schedules', 'resume', '--reason', 'done')).exitCode).toBe(0);
      expect((await cli('schedules', 'trigger')).exitCode).toBe(0);
      await until('the scheduled run has ended', async () => {
        const runs = await cli('runs', '-o', 'json');
        return /"workflowId": "music_streaming-daily-[^]*"status": "Completed"/.test(runs.stdout)
          ? runs
          : undefined;
      });
      expect(await cli('schedules', 'pause', 'nothing', '--reason', 'x')).toMatchObject({ exitCode: 3 });
      await handle.delete();
    });
  });

  it('is declared as a schedule at the times of the settings, or as none', async () => {
    await operating({}, async (_cli, _taskQueue, given) => {
      const twice = given({
        MSP_SCHEDULE_CRON: '30 4,16 1-15/7 * *',
        MSP_SCHEDULE_TIMEZONE: 'Europe/Rome',
      });
      expect((await twice('schedules', 'apply')).stdout).toMatch(/music_streaming-daily: created/);
      expect((await twice('schedules', 'apply')).stdout).toMatch(/music_streaming-daily: unchanged/);
      const daily = await given({})('schedules', 'apply', '--dry-run');
      expect(daily.stdout).toMatch(/times: 30 4,16 1,8,15 \* \* Europe\/Rome -> daily at 03:00 UTC/);

      const none = given({ MSP_SCHEDULE_CRON: 'none' });
      expect((await none('schedules', 'apply')).stdout).toMatch(/removed, since MSP_SCHEDULE_CRON/);
      expect((await none('schedules', 'apply')).stdout).toMatch(/no schedule is declared, and none is there/);
      expect(await given({ MSP_SCHEDULE_CRON: '61 * * * *' })('schedules', 'apply')).toMatchObject({
        exitCode: 2,
        stderr: expect.stringMatching(/MSP_SCHEDULE_CRON="61 \* \* \* \*": minute is "61": expected/),
      });
    });
  });

  it('is started by schedules that are known by what they start, whatever they are called', async () => {
    await operating({}, async (cli, taskQueue) => {
      const queues = { 'hourly-plays': taskQueue, 'music_streaming-eu-daily': 'of-another-pipeline' };
      for (const [scheduleId, queue] of Object.entries(queues)) {
        const action = { type: 'startWorkflow' as const, workflowType: 'musicStreamingPipeline', args: [{}] };
        await server.env.client.schedule.create({
          scheduleId,
          spec: { intervals: [{ every: '1d' }] },
          action: { ...action, taskQueue: queue },
        });
      }
      const listed = await until('both can be listed', async () => {
        const { stdout } = await cli('schedules', 'list', '-o', 'json');
        return stdout.includes('hourly-plays') ? stdout : undefined;
      });
      expect(listed).not.toContain('music_streaming-eu-daily');

      const chain = await server.env.client.workflow.start('musicStreamingPipeline', {
        workflowId: 'yearly',
        taskQueue,
        cronSchedule: '0 0 1 1 *',
      });
      const { stdout } = await until('the chain is listed', async () => {
        const all = await cli('schedules', 'list');
        return all.stdout.includes('yearly') ? all : undefined;
      });
      expect(stdout).toMatch(/yearly +0 0 1 1 \* +waiting/);
      expect(stdout).toMatch(/The declared schedule does it instead: msp schedules apply/);
      await chain.terminate();
      for (const id of Object.keys(queues)) await server.env.client.schedule.getHandle(id).delete();
    });
  });
});

describe('without a Temporal server', () => {
  it('commands end with 5 and name the address', async () => {
    const result = await msp({ TEMPORAL_ADDRESS: '127.0.0.1:1' }, 'runs');
    expect(result.exitCode).toBe(5);
    expect(result.stderr).toMatch(/Temporal at 127\.0\.0\.1:1 did not answer/);
  });
});
