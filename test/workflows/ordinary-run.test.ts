import { describe, expect, it } from '@jest/globals';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import { checkpointsQuery, statusQuery } from '../../workflows/pipeline/messages.ts';
import { musicStreamingPipeline } from '../../workflows/pipeline/workflow.ts';
import type { PipelineResult } from '../../workflows/pipeline/workflow.ts';
import { fakeActivities } from '../support/fake-activities.ts';
import { foundBy } from '../support/search-attributes.ts';
import { withWorker } from '../support/pipeline-worker.ts';
import { startRun } from '../support/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';

describe('a run without trouble', () => {
  const server = devServer();

  it('goes through every stage in order, in under 150 events, and can be found by what it did', async () => {
    const fake = fakeActivities();
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      expect(await handle.result()).toMatchObject({
        outcome: 'published',
        days: [{ day: '2024-06-25', edition: 1 }],
        rows: { delivered: 100 },
      });
      const { events } = await handle.fetchHistory();
      expect(events?.length).toBeLessThan(150);
      const checkpoints = await handle.query(checkpointsQuery);
      expect(checkpoints.map(({ stage }) => stage)).toEqual([...STAGE_NAMES]);
      expect(checkpoints.every(({ outcome }) => outcome === 'done')).toBe(true);
      expect(await foundBy(handle)).toEqual({
        status: 'Completed',
        dates: ['2024-06-25'],
        trigger: 'manual',
      });
    });
    expect(fake.calls.filter((name) => name === 'startGlueRun')).toHaveLength(3);
  });

  it('ends well without a Glue run when nothing has arrived', async () => {
    const fake = fakeActivities({ findNewStreams: () => Promise.resolve({ files: 0, bytes: 0, left: 0 }) });
    await withWorker(server.env, fake, async (taskQueue) => {
      // Without a request, as a start by hand may be.
      const handle = await server.env.client.workflow.start(musicStreamingPipeline, {
        taskQueue,
        workflowId: 'nothing',
      });
      expect(await handle.result()).toMatchObject({ outcome: 'no new input', days: [] });
      expect((await handle.query(statusQuery)).status).toBe('NoNewInput');
    });
    expect(fake.calls).not.toContain('startGlueRun');
  });

  it('keeps what it writes apart from what the last run under the same workflow id wrote, moments ago', async () => {
    const owners = new Set<string>();
    const fake = fakeActivities({
      prepareData: ({ owner }) => {
        owners.add(owner.run);
        return Promise.resolve({ toValidate: 0, redelivered: 0, retiring: 0, deferred: 0, bytes: 0 });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const run = async (): Promise<PipelineResult> =>
        await (await startRun(server.env, taskQueue, {}, 'the-same-minute')).result();
      const [first, second] = [await run(), await run()];
      expect(owners).toEqual(new Set([first.run, second.run]));
    });
    expect(owners.size).toBe(2);
  });

  it('archives a file that was delivered before, without a Glue run', async () => {
    const prepared = { toValidate: 0, redelivered: 1, retiring: 0, deferred: 0, bytes: 0 };
    const fake = fakeActivities({ prepareData: () => Promise.resolve(prepared) });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      expect(await handle.result()).toMatchObject({ outcome: 'nothing new' });
    });
    expect(fake.calls).toContain('archiveInputs');
    expect(fake.calls).not.toContain('startGlueRun');
  });

  it('computes days again from their published plays when it is given dates', async () => {
    const recomputed: unknown[] = [];
    const fake = fakeActivities({
      publishPlays: (_context, { recompute }) => {
        recomputed.push(recompute);
        return Promise.resolve({ days: [{ day: '2024-06-25', edition: 4 }], dayCount: 1 });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue, { dates: ['2024-06-25'] });
      expect((await handle.result()).days).toEqual([{ day: '2024-06-25', edition: 4 }]);
    });
    expect(recomputed).toEqual([['2024-06-25']]);
    expect(fake.calls).not.toContain('prepareData');
    expect(fake.calls.filter((name) => name === 'startGlueRun')).toHaveLength(2);
  });

  it('refuses a request that it does not understand, naming the field', async () => {
    await withWorker(server.env, fakeActivities(), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue, { file: 'x' } as object);
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'RequestInvalid', message: expect.stringContaining('file') },
      });
    });
  });

  it('takes files over from runs that have ended, and asks once which have', async () => {
    const owner = { run: 'dead', workflowId: 'dead', firstRunId: 'dead' };
    const asked: unknown[] = [];
    const fake = fakeActivities({
      prepareData: (_context, { closedRuns }) => {
        asked.push(closedRuns);
        const prepared = { toValidate: 1, redelivered: 0, retiring: 0, deferred: 0, bytes: 1 };
        return Promise.resolve(closedRuns === undefined ? { ...prepared, blockedBy: [owner] } : prepared);
      },
      findClosedRuns: (owners) => Promise.resolve(owners.map(({ run }) => run)),
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      await (await startRun(server.env, taskQueue)).result();
    });
    expect(asked).toEqual([undefined, ['dead']]);
  });
});
