import { describe, expect, it } from '@jest/globals';
import { jsonOf, msp, type CliResult } from '../support/cli.ts';
import { archivingFailsOnce } from '../support/fakes/fake-activities.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { activitiesOver } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

type Cli = (...args: string[]) => Promise<CliResult>;

const WHY = ['--reason', 'mended'];

describe('a closed run from the command line', () => {
  const server = devServer();

  /** Archiving fails the first time. */
  async function operating(
    work: (cli: Cli, glue: GlueInHand) => Promise<void>,
    glue = new GlueInHand(),
  ): Promise<void> {
    const activities = activitiesOver(glue, archivingFailsOnce());
    await withWorker(server.env, activities, async (taskQueue) => {
      const environment = { TEMPORAL_ADDRESS: server.env.address, MSP_TASK_QUEUE: taskQueue };
      await work((...args) => msp(environment, ...args), glue);
    });
  }

  async function abortedInArchiving(cli: Cli, id: string): Promise<void> {
    expect((await cli('run', '--id', id, '--wait')).exitCode).toBe(7);
    expect((await cli('abort', id, '--reason', 'to see it recovered', '--yes')).exitCode).toBe(0);
    await until('it has ended', async () => (await cli('status', id)).stdout.includes('failed'));
  }

  it('shows what is kept and what runs, and goes on with it', async () => {
    await operating(async (cli, glue) => {
      await abortedInArchiving(cli, 'resumed');
      const plan = await cli('recover', 'run', 'resumed', '--dry-run', '-o', 'json', ...WHY);
      expect(jsonOf(plan)).toMatchObject({
        workflowId: 'resumed',
        again: [
          'validate_aws_connection',
          'init_s3_structure',
          'verify_glue_scripts',
          'archive_processed_data',
          'update_processing_state',
        ],
      });
      const recovered = await cli('recover', 'run', 'resumed', '--yes', '--wait', ...WHY);
      expect(recovered.exitCode).toBe(0);
      expect(recovered.stdout).toMatch(/✓ dynamodb_load/);
      expect(glue.runs).toHaveLength(3);
    });
  });

  it('that was paused stays so, which is said before it goes on', async () => {
    await operating(async (cli) => {
      expect((await cli('run', '--id', 'paused', '--wait')).exitCode).toBe(7);
      await cli('pause', 'paused', '--by', 'ada', '--reason', 'the source is broken');
      await cli('abort', 'paused', '--reason', 'to see it recovered', '--yes');
      await until('it has ended', async () => (await cli('status', 'paused')).stdout.includes('failed'));
      const recovered = await cli('recover', 'run', 'paused', '--yes', ...WHY);
      expect(recovered.stdout).toMatch(
        /Still paused by ada: the source is broken\.\n.*msp resume paused --reason/,
      );
      await until('it waits', async () => (await cli('status', 'paused')).stdout.includes('Paused by ada'));
      expect((await cli('resume', 'paused', ...WHY)).exitCode).toBe(0);
      expect((await cli('watch', 'paused')).exitCode).toBe(0);
    });
  });

  it('is rewound on the server, without the commands of its former life', async () => {
    await operating(async (cli, glue) => {
      await abortedInArchiving(cli, 'rewound');
      const recovered = await cli('recover', 'run', 'rewound', '--reset', '--yes', '--wait', ...WHY);
      expect(recovered.exitCode).toBe(0);
      expect(glue.runs).toHaveLength(3);
    });
  });

  it('is rewound with the Glue run that an operator has retried', async () => {
    const failed = { state: 'FAILED', errorMessage: 'no plays', executionSeconds: 1 };
    await operating(async (cli, glue) => {
      await cli('run', '--id', 'retried');
      await until('Glue works', () => glue.runs[0]);
      glue.end(failed);
      await until('it is parked', async () => (await cli('status', 'retried')).stdout.includes('no plays'));
      expect((await cli('retry', 'retried', ...WHY)).exitCode).toBe(0);
      await until('Glue works again', () => glue.runs[1]);
      await server.env.client.workflow.getHandle('retried').terminate();
      expect((await cli('recover', 'run', 'retried', '--reset', '--yes', ...WHY)).exitCode).toBe(0);
      glue.end();
      await until('it is archiving', async () =>
        (await cli('status', 'retried')).stdout.includes('ArchiveMismatch'),
      );
      expect(glue.of('validation')).toEqual(['FAILED', 'SUCCEEDED']);
      expect(glue.of('kpi_computation')).toEqual(['SUCCEEDED']);
    }, new GlueInHand('validation'));
  });

  it('is not rewound over a finished Glue stage, whose result it would adopt', async () => {
    await operating(async (cli, glue) => {
      await abortedInArchiving(cli, 'finished');
      const from = async (stage: string, ...more: string[]): Promise<CliResult> =>
        await cli('recover', 'run', 'finished', '--reset', '--from', stage, ...more, ...WHY);
      for (const stage of ['validation', 'prepare_data', 'dynamodb_load']) {
        expect(await from(stage, '--dry-run')).toMatchObject({
          exitCode: 4,
          stdout: '',
          stderr: expect.stringMatching(/would not run again.*\n.*msp recover run finished --from/),
        });
      }
      expect((await from('archive_processed_data', '--yes', '--wait')).exitCode).toBe(0);
      expect(glue.runs).toHaveLength(3);
    });
  });

  it.each<[string, string[], number, RegExp]>([
    ['is not known', ['recover', 'run', 'nobody', '--yes'], 3, /There is no run nobody/],
    ['has completed', ['recover', 'run', 'done', '--yes'], 4, /has completed: nothing is left to do/],
    ['is only parked', ['recover', 'run', 'parked', '--yes'], 4, /has not ended.*\n?.*msp retry/],
    [
      'would be reset with overrides',
      ['recover', 'run', 'done', '--reset', '--number-of-workers', '4', '--yes'],
      2,
      /A reset can not change the Glue runs/,
    ],
    ['would begin at no stage', ['recover', 'run', 'done', '--from', 'lunch', '--yes'], 2, /lunch/],
  ])('is refused when it %s, and nothing happens', async (_what, args, exitCode, message) => {
    await operating(async (cli, glue) => {
      if (args[2] === 'parked') await cli('run', '--id', 'parked', '--wait');
      if (args[2] === 'done') {
        await cli('run', '--id', 'done', '--wait');
        await cli('retry', 'done', '--reason', 'once more');
        await cli('watch', 'done');
      }
      const runs = glue.runs.length;
      const answer = await cli(...args, ...WHY);
      expect(answer).toMatchObject({ exitCode, stderr: expect.stringMatching(message) });
      expect(glue.runs).toHaveLength(runs);
    });
  });
});
