import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { mockClient } from 'aws-sdk-client-mock';
import { z } from 'zod';
import type { ProcedureActivities } from '../../pipeline/procedures/activity-types.ts';
import { jsonOf, msp, type CliResult } from '../support/cli.ts';
import { digest, fakeProcedures, planOf } from '../support/fakes/fake-procedures.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

type Cli = (...args: string[]) => Promise<CliResult>;

const WHY = ['--reason', 'a disk has failed'];
const FIND = ['recover', 'data', '--find', ...WHY];

const viewSchema = z.looseObject({ id: z.string(), status: z.string() });

describe('procedures from the command line', () => {
  const server = devServer();
  let pipelines = 0;

  /** A pipeline of its own for each test, since one procedure at a time works on its data. */
  async function operating(
    replacements: Partial<ProcedureActivities>,
    work: (cli: Cli, calls: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const fake = fakeProcedures(replacements);
    pipelines += 1;
    const pipeline = `p${pipelines}`;
    await withWorker(server.env, fake, async (taskQueue) => {
      const environment = {
        TEMPORAL_ADDRESS: server.env.address,
        MSP_TASK_QUEUE: taskQueue,
        MSP_PIPELINE: pipeline,
      };
      await work((...args) => msp(environment, ...args), fake.calls);
    });
  }

  async function latest(cli: Cli, status: string): Promise<z.output<typeof viewSchema>> {
    return await until(`the procedure is ${status}`, async () => {
      const shown = await cli('procedures', 'show', '-o', 'json');
      if (shown.exitCode !== 0) return undefined;
      const view = viewSchema.parse(jsonOf(shown));
      return view.status === status ? view : undefined;
    });
  }

  it('shows the plan, carries it out with --yes, and says how it ended', async () => {
    await operating({}, async (cli, calls) => {
      const { exitCode, stdout, stderr } = await cli(...FIND, '--yes');
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('RDATA-5: done') });
      expect(stdout).toContain('Plan aaaaaaaaaaaa');
      expect(stdout).toContain('restore one object');
      expect(stdout).toContain('Completed: recovered; all numbers are as before');
      expect(stderr).toContain('approve plan aaaaaaaaaaaa by');
      expect(calls).toContain('restoreObjects');
    });
  });

  it('leaves a plan to be approved elsewhere where nobody can be asked', async () => {
    await operating({}, async (cli, calls) => {
      const asked = await cli(...FIND);
      expect(asked.exitCode).toBe(7);
      expect(asked.stdout).toContain('waits for an approval');
      expect(calls).not.toContain('restoreObjects');
      const { id } = await latest(cli, 'AwaitingApproval');

      const second = await cli('reset', '--claims', ...WHY);
      expect(second).toMatchObject({
        exitCode: 4,
        stderr: expect.stringContaining(`Procedure ${id} (dataRecovery, AwaitingApproval) is at work`),
      });
      const stale = await cli('procedures', 'approve', id, '--digest', digest('b'), ...WHY);
      expect(stale).toMatchObject({ exitCode: 4, stderr: expect.stringContaining(digest('a')) });
      const short = await cli('procedures', 'approve', id, '--digest', 'aaa', ...WHY);
      expect(short.exitCode).toBe(2);

      const approved = await cli('procedures', 'approve', id, '--digest', digest('a').slice(0, 12), ...WHY);
      expect(approved).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('made again') });
      await latest(cli, 'Completed');
      const late = await cli('procedures', 'pause', id, ...WHY);
      expect(late).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('has ended') });
      const listed = await cli('procedures', 'list', '-o', 'json');
      expect(jsonOf(listed)).toMatchObject([{ id, procedure: 'dataRecovery', status: 'Completed' }]);
    });
  });

  it('ends a dry run after the plan, and carries out nothing that was rejected', async () => {
    await operating({}, async (cli, calls) => {
      const dry = await cli(...FIND, '--dry-run', '-o', 'json');
      expect(dry.exitCode).toBe(0);
      expect(jsonOf(dry)).toMatchObject({ status: 'Planned', plan: { digest: digest('a') } });
      expect((await cli(...FIND)).exitCode).toBe(7);
      expect((await cli('procedures', 'reject', 'latest', ...WHY)).exitCode).toBe(0);
      await latest(cli, 'Rejected');
      expect(calls).not.toContain('restoreObjects');
    });
  });

  it('ends when what is asked for does not exist, and is not in the way of what is meant', async () => {
    const unknown = ApplicationFailure.nonRetryable('There is no record of it', 'RecoveryImpossible');
    await operating({ examineData: () => Promise.reject(unknown) }, async (cli, calls) => {
      for (const more of [['--dry-run'], ['--yes']]) {
        const asked = await cli('recover', 'data', '--files', 'nobody-knows.csv', ...more, ...WHY);
        expect(asked).toMatchObject({
          exitCode: 3,
          stdout: expect.stringContaining('There is no record of it'),
        });
      }
      const shown = await cli('procedures', 'show', 'latest', '-o', 'json');
      expect(jsonOf(shown)).toMatchObject({ status: 'Failed', failure: 'RecoveryImpossible' });
      expect(calls).not.toContain('restoreObjects');
    });
  });

  it('takes a run by what it is called elsewhere, and starts nothing for one that is not there', async () => {
    const asked: unknown[] = [];
    const examineData: ProcedureActivities['examineData'] = (_context, { request }) => {
      asked.push(request.runOf);
      return Promise.resolve({ files: 1, days: 1, objects: 1, items: 1, damages: 1 });
    };
    await operating({ examineData }, async (cli) => {
      const byRun = ['recover', 'data', '--run', 'latest', '--dry-run', ...WHY];
      expect(await cli(...byRun)).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('run') });
      expect(asked).toEqual([]);
      expect((await cli('run', '--id', 'wanted', '--wait')).exitCode).toBe(0);
      expect((await cli(...byRun)).exitCode).toBe(0);
    });
    expect(asked).toEqual([expect.stringMatching(/^wanted-/)]);
  });

  it('fails where something stays lost, and says what', async () => {
    const lost = planOf({
      empty: true,
      objects: 0,
      lost: 1,
      lines: ['LOST archived archived/x: it is gone'],
    });
    await operating({ planRecovery: () => Promise.resolve(lost) }, async (cli) => {
      const { exitCode, stdout } = await cli(...FIND);
      expect(exitCode).toBe(1);
      expect(stdout).toContain('LOST archived archived/x');
      expect(stdout).toContain("1 can't be recovered");
    });
  });

  it('stops waiting where a step is parked; a retry goes on, an abort ends it', async () => {
    let denied = true;
    const restoreObjects = (): ReturnType<ProcedureActivities['restoreObjects']> =>
      denied
        ? Promise.reject(ApplicationFailure.nonRetryable('s3:PutObject is denied', 'AccessDenied'))
        : Promise.resolve({ restored: 1, good: 0, quarantined: 0 });
    await operating({ restoreObjects }, async (cli) => {
      const parked = await cli(...FIND, '--yes');
      expect(parked).toMatchObject({
        exitCode: 7,
        stdout: expect.stringContaining('RDATA-3 is parked since'),
      });
      expect((await cli('procedures', 'abort', 'latest', ...WHY, '--yes')).exitCode).toBe(0);
      await latest(cli, 'Aborted');

      expect((await cli(...FIND, '--yes')).exitCode).toBe(7);
      denied = false;
      expect((await cli('procedures', 'retry', 'latest', ...WHY)).exitCode).toBe(0);
      await latest(cli, 'Completed');
    });
  });

  it('resets with a plan of its own', async () => {
    await operating({}, async (cli, calls) => {
      const reset = await cli(
        'reset',
        '--dates',
        '2024-07-01',
        '2024-07-02',
        '--no-restart',
        ...WHY,
        '--yes',
      );
      expect(reset).toMatchObject({
        exitCode: 0,
        stdout: expect.stringContaining('reset; no run was started'),
      });
      expect(calls).toContain('takeSnapshot');
    });
  });

  it('does not begin what names something that there is not, and is not in the way of the right one', async () => {
    const bucket = mockClient(S3Client);
    bucket.on(ListObjectsV2Command).resolves({});
    try {
      await operating({}, async (cli, calls) => {
        const shutdown = await cli('resume', '--shutdown', 'nope', '--dry-run', ...WHY);
        expect(shutdown).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/no shutdown nope/) });
        const reset = await cli('reset', '--undo', 'nope', ...WHY);
        expect(reset).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/no reset nope/) });
        expect(jsonOf(await cli('procedures', 'list', '-o', 'json'))).toEqual([]);
        expect(calls).toEqual([]);
      });
    } finally {
      bucket.restore();
    }
  });

  it('ends where its plan finds that it asks for what there is not', async () => {
    const impossible = ApplicationFailure.nonRetryable(
      'No record says what nope.csv is',
      'RecoveryImpossible',
    );
    let known = false;
    const examined = { files: 1, days: 1, objects: 1, items: 1, damages: 1 };
    const examineData = (): ReturnType<ProcedureActivities['examineData']> =>
      known ? Promise.resolve(examined) : Promise.reject(impossible);
    await operating({ examineData }, async (cli) => {
      const asked = await cli('recover', 'data', '--files', 'nope.csv', ...WHY, '--yes');
      expect(asked).toMatchObject({
        exitCode: 3,
        stdout: expect.stringContaining('Failed: No record says what nope.csv is'),
      });
      known = true;
      expect((await cli(...FIND, '--yes')).exitCode).toBe(0);
    });
  });

  it.each([
    ['no selection', ['recover', 'data', ...WHY], 2, /exactly one of/],
    ['two selections', ['reset', '--claims', '--all', ...WHY], 2, /exactly one of/],
    ['no reason', ['recover', 'data', '--find'], 2, /--reason/],
    ['a date that is none', ['reset', '--dates', 'monday', ...WHY], 2, /YYYY-MM-DD/],
    ['an edition of no day', [...FIND, '--edition', '2'], 2, /--rollback/],
    ['an edition that is none', ['recover', 'data', '--rollback', '2024-07-01', ...WHY], 2, /edition/],
    ['an unknown procedure', ['procedures', 'show', 'nobody-knows'], 3, /no procedure nobody-knows/],
  ])('answers clearly to %s', async (_what, args, exitCode, said) => {
    await operating({}, async (cli) => {
      expect(await cli(...args)).toMatchObject({ exitCode, stderr: expect.stringMatching(said) });
    });
  });
});
