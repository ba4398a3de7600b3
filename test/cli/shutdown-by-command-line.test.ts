import { setTimeout } from 'node:timers/promises';
import {
  BatchStopJobRunCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  GlueClient,
  type JobRun,
} from '@aws-sdk/client-glue';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { createRunActivities } from '../../activities/temporal/runs.ts';
import { createScheduleActivities } from '../../activities/temporal/schedules.ts';
import { createChainActivities } from '../../activities/temporal/chains.ts';
import { createShutdownActivities } from '../../activities/temporal/shutdown.ts';
import { runIdOf } from '../../pipeline/layout.ts';
import type { ProcedureActivities } from '../../pipeline/procedures/activity-types.ts';
import { statusQuery } from '../../workflows/pipeline/messages.ts';
import { jsonOf, msp, type CliResult } from '../support/cli.ts';
import type { Replacements } from '../support/fakes/fake-activities.ts';
import { fakeProcedures } from '../support/fakes/fake-procedures.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { glueWorks, startRun } from '../support/temporal/started-run.ts';
import type { Handle } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';

type Cli = (...args: string[]) => Promise<CliResult>;

const WHY = ['--reason', 'the reference data is wrong'];

describe('a shutdown from the command line', () => {
  const server = devServer();
  let runs = 0;
  const glueService = mockClient(GlueClient);
  beforeEach(() => {
    glueService.reset();
    glueService.on(GetJobRunsCommand).resolves({});
    glueService.on(GetJobRunCommand).resolves({});
    glueService.on(BatchStopJobRunCommand).resolves({});
  });

  const on =
    (taskQueue: string): Cli =>
    (...args) =>
      msp({ TEMPORAL_ADDRESS: server.env.address, MSP_TASK_QUEUE: taskQueue }, ...args);

  /** What asks Temporal is real. */
  async function working(
    work: (cli: Cli, run: Handle, glue: GlueInHand) => Promise<void>,
    procedures: Partial<ProcedureActivities> = {},
    replacements: Replacements = {},
  ): Promise<void> {
    const glue = new GlueInHand('validation');
    const ofRuns = {
      ...createRunActivities(),
      ...createShutdownActivities(),
      ...createChainActivities(),
      ...createScheduleActivities(),
      ...glue.activities,
      ...replacements,
    };
    await withWorker(server.env, fakeProcedures(procedures, ofRuns), async (taskQueue) => {
      runs += 1;
      const run = await startRun(server.env, taskQueue, {}, `run-${runs}`);
      await glueWorks(run);
      await work(on(taskQueue), run, glue);
    });
  }

  it('shows of one run what it would stop, and stops nothing, when it is a dry run', async () => {
    await working(async (cli, run, glue) => {
      const shown = await cli('shutdown', '--run', run.workflowId, '--dry-run', '--yes', ...WHY);
      expect(shown).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/would be stopped[^]*jr_1/) });
      const json = await cli('shutdown', '--run', run.workflowId, '--dry-run', '-o', 'json', ...WHY);
      expect(jsonOf(json)).toMatchObject({ status: 'Running', glueRun: { jobRunId: 'jr_1' } });
      expect((await run.describe()).status.name).toBe('RUNNING');
      expect(glue.of('validation')).toEqual(['RUNNING']);

      const stopped = await cli('shutdown', '--run', run.workflowId, '--yes', '-o', 'json', ...WHY);
      expect(stopped.exitCode).toBe(0);
      expect(jsonOf(stopped)).toMatchObject({ status: 'Stopped', end: { ended: 'failed' } });
      const again = await cli('shutdown', '--run', run.workflowId, '--dry-run', ...WHY);
      expect(again).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/has ended/) });
    });
  });

  it('says what it waits for while it waits, and nothing of it as JSON', async () => {
    for (const json of [false, true]) {
      const stopGlueRuns = (): Promise<void> => Promise.resolve();
      await working(
        async (cli, run, glue) => {
          await run.terminate('by hand');
          const stopping = cli('shutdown', '--yes', ...(json ? ['-o', 'json'] : []), ...WHY);
          await setTimeout(6_000);
          glue.end();
          const { exitCode, stderr } = await stopping;
          expect(exitCode).toBe(0);
          expect(stderr).toMatch(
            json ? /^shutdown \S+\n$/ : /^shutdown \S+\n[^]*waits for the end of jr_1\n/,
          );
        },
        {},
        { stopGlueRuns },
      );
    }
  });

  it('says what could not be done without a worker, and keeps what was', async () => {
    const queue = 'nobody-listens-either';
    const run = await startRun(server.env, queue, {}, 'lonely-too');
    const denied = Object.assign(new Error('glue:BatchStopJobRun is denied'), {
      name: 'AccessDeniedException',
    });
    const live = (id: string): JobRun => ({ Id: id, JobRunState: 'RUNNING', Arguments: {} });
    glueService
      .on(GetJobRunsCommand, { JobName: 'music_streaming_validation' })
      .resolves({ JobRuns: [live('jr_kept')] })
      .on(GetJobRunsCommand, { JobName: 'music_streaming_kpi_computation' })
      .resolves({ JobRuns: [live('jr_stopped')] })
      .on(BatchStopJobRunCommand, { JobName: 'music_streaming_validation' })
      .rejects(denied);
    const inPart = await on(queue)('shutdown', '--yes', ...WHY);
    expect(inPart.exitCode).toBe(5);
    expect(inPart.stdout).toMatch(
      /runs told\s+lonely-too\nGlue runs stopped\s+jr_stopped; the rest NOT DONE: .*BatchStopJobRun is denied\n/,
    );
    glueService.on(GetJobRunsCommand).rejects(denied);
    const { stdout } = await on(queue)('shutdown', '--run', 'lonely-too', '--yes', ...WHY);
    expect(stdout).toMatch(/runs told\s+lonely-too\nGlue runs stopped\s+NOT DONE: .*denied\n$/);
    await run.terminate();
  });

  it('leaves a paused run paused when its resumption is only to be shown', async () => {
    await working(async (cli, run) => {
      expect((await cli('pause', run.workflowId, ...WHY)).exitCode).toBe(0);
      const dry = await cli('resume', run.workflowId, '--dry-run', ...WHY);
      expect(dry).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/--dry-run/) });
      expect((await run.query(statusQuery)).status).toBe('Paused');
      expect((await cli('resume', run.workflowId, '--yes', ...WHY)).exitCode).toBe(0);
    });
  });

  it('tells one run and stops its Glue run where no worker answers, and says what is left', async () => {
    const queue = 'nobody-listens';
    const run = await startRun(server.env, queue, {}, 'lonely');
    const live = (id: string, of: string): JobRun => ({
      Id: id,
      JobRunState: 'RUNNING',
      Arguments: { '--run_id': runIdOf(of, run.firstExecutionRunId) },
    });
    glueService
      .on(GetJobRunsCommand, { JobName: 'music_streaming_validation' })
      .resolves({ JobRuns: [live('jr_its', 'lonely'), live('jr_other', 'another')] });
    const { exitCode, stdout, stderr } = await on(queue)('shutdown', '--run', 'lonely', '--yes', ...WHY);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 5,
      stderr: expect.stringMatching(/the run has not ended yet/),
    });
    expect(stdout).toMatch(/runs told\s+lonely\nGlue runs stopped\s+jr_its\n/);
    const stops = glueService
      .commandCalls(BatchStopJobRunCommand)
      .map((call) => call.args[0].input.JobRunIds);
    expect(stops).toEqual([['jr_its']]);
    const { events } = await run.fetchHistory();
    const told = events?.flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
    expect(told).toEqual(['emergencyShutdown']);
    await run.terminate();
  });
});
