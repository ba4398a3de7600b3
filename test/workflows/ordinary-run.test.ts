import { describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { RunOutcome } from '../../pipeline/activity-types.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { checkpointsQuery, statusQuery, updates } from '../../workflows/pipeline/messages.ts';
import { musicStreamingPipeline } from '../../workflows/pipeline/workflow.ts';
import type { PipelineResult } from '../../workflows/pipeline/workflow.ts';
import { fakeActivities } from '../support/fakes/fake-activities.ts';
import { foundBy } from '../support/temporal/search-attributes.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { seen, startRun } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';

const NO_ROWS = { delivered: 0, valid: 0, duplicate: 0, rejected: 0, underReview: 0 };

/** Stages that a run has work for when nothing has arrived. */
const WITHOUT_INPUT: readonly StageName[] = [
  ...(['validate_aws_connection', 'init_s3_structure', 'verify_glue_scripts'] as const),
  ...(['check_reference_data', 'check_for_new_streams', 'update_processing_state'] as const),
];

async function outcomes(handle: Pick<WorkflowHandle, 'query'>): Promise<[string, string][]> {
  return (await handle.query(checkpointsQuery)).map(({ stage, outcome }) => [stage, outcome]);
}

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
    const records: RunOutcome[] = [];
    const fake = fakeActivities({
      findNewStreams: () => Promise.resolve({ files: 0, bytes: 0, left: 0 }),
      updateProcessingState: (_context, { record }) => {
        records.push(record);
        return Promise.resolve(null);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      // Without a request, as a start by hand may be.
      const handle = await server.env.client.workflow.start(musicStreamingPipeline, {
        taskQueue,
        workflowId: 'nothing',
      });
      expect(await handle.result()).toMatchObject({ outcome: 'no new input', days: [], dayCount: 0 });
      expect((await handle.query(statusQuery)).status).toBe('NoNewInput');
      expect(await outcomes(handle)).toEqual(
        STAGE_NAMES.map((stage) => [stage, WITHOUT_INPUT.includes(stage) ? 'done' : 'not needed']),
      );
    });
    expect(fake.calls).not.toContain('startGlueRun');
    expect(records).toEqual([{ outcome: 'no new input' }]);
  });

  it('judges what only takes plays away, and leaves a whole record when that is rejected', async () => {
    const judged: unknown[] = [];
    const records: RunOutcome[] = [];
    const fake = fakeActivities({
      prepareData: () =>
        Promise.resolve({ toValidate: 0, redelivered: 1, retiring: 1, deferred: 0, bytes: 0 }),
      judgeQuality: (_context, given) => {
        judged.push(given);
        const gate = { verdict: 'hold' as const, reasons: ['plays of 1 day would stop counting'] };
        return Promise.resolve({ gate, rows: NO_ROWS, rejectedFiles: 0 });
      },
      updateProcessingState: (_context, { record }) => {
        records.push(record);
        return Promise.resolve(null);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      expect((await seen(handle, 'it is held', ({ held }) => held !== null)).held?.verdict.reasons).toEqual([
        'plays of 1 day would stop counting',
      ]);
      await handle.executeUpdate(updates.reject, { args: [{ by: 'ada', reason: 'a wrong file' }] });
      expect(await handle.result()).toMatchObject({ outcome: 'rejected', days: [], dayCount: 0 });
      const notNeeded = (await outcomes(handle)).filter(([, outcome]) => outcome === 'not needed');
      expect(notNeeded.map(([stage]) => stage)).toEqual([
        'validation',
        ...['publish_plays', 'kpi_computation', 'kpi_verification', 'publish_kpis', 'dynamodb_load'],
        'archive_processed_data',
      ]);
      expect(await outcomes(handle)).toHaveLength(STAGE_NAMES.length);
    });
    expect(judged).toEqual([{ onPurpose: false }]);
    expect(records).toEqual([{ outcome: 'rejected' }]);
    expect(fake.calls).toContain('quarantineInputs');
    expect(fake.calls).not.toContain('publishPlays');
  });

  it('lets a recovery take plays away', async () => {
    const judged: unknown[] = [];
    const fake = fakeActivities({
      judgeQuality: (_context, given) => {
        judged.push(given.onPurpose);
        return Promise.resolve({ gate: { verdict: 'pass', reasons: [] }, rows: NO_ROWS, rejectedFiles: 0 });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      await (await startRun(server.env, taskQueue, { trigger: 'recovery' })).result();
    });
    expect(judged).toEqual([true]);
  });

  it('keeps ten of ten thousand days in its memory, and their number', async () => {
    const days = Array.from({ length: 10 }, (_, at) => ({ day: `2024-06-${at + 10}`, edition: 1 }));
    const fake = fakeActivities({ publishPlays: () => Promise.resolve({ days, dayCount: 10_000 }) });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      expect(await handle.result()).toMatchObject({ days, dayCount: 10_000 });
      expect(await handle.query(statusQuery)).toMatchObject({
        days: days.map(({ day }) => day),
        dayCount: 10_000,
      });
      const published = (await handle.query(checkpointsQuery)).find(({ stage }) => stage === 'publish_plays');
      expect(published?.summary).toMatch(/2024-06-19 edition 1 and 9990 more$/);
      expect((await foundBy(handle)).dates).toHaveLength(10);
    });
  });

  it('says in its summary what the gate warns of, and how much was left out', async () => {
    const reasons = ['1 file rejected whole: streams/bad.csv', 'x'.repeat(100_000)];
    const fake = fakeActivities({
      findNewStreams: () => Promise.resolve({ files: 1, bytes: 1, left: 0, hidden: 2 }),
      judgeQuality: () =>
        Promise.resolve({ gate: { verdict: 'warn', reasons }, rows: NO_ROWS, rejectedFiles: 1 }),
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await handle.result();
      const checkpoints = await handle.query(checkpointsQuery);
      const summaryOf = (name: string): string | undefined =>
        checkpoints.find(({ stage }) => stage === name)?.summary;
      expect(summaryOf('quality_gate')).toMatch(
        /^warn; 0 rows.*; 1 file rejected whole: streams\/bad.csv; x/,
      );
      expect(summaryOf('quality_gate')?.length).toBeLessThan(2_000);
      expect(summaryOf('check_for_new_streams')).toBe('1 file, 1 B, 2 objects with hidden names left out');
    });
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
});
