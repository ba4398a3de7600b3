import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { ResetRequest } from '../../pipeline/reset/request.ts';
import type { pipelineReset } from '../../workflows/pipeline-reset/workflow.ts';
import { statusQuery as runQuery, updates as runUpdates } from '../../workflows/pipeline/messages.ts';
import { statusQuery, updates } from '../../workflows/procedures/messages.ts';
import { digest, fakeProcedures } from '../support/fakes/fake-procedures.ts';
import type { FakeProcedures } from '../support/fakes/fake-procedures.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

type Handle = WorkflowHandleWithFirstExecutionRunId<typeof pipelineReset>;

const who = { by: 'ada', reason: 'stuck' };
const approved = { approve: { digest: digest('a') } };
const open = { workflowId: 'busy', runId: 'r1', run: 'busy-r1', status: 'Running' };
const parked = { workflowId: 'stuck', runId: 'r2', run: 'stuck-r2', status: 'NeedsOperator' };

describe('a reset', () => {
  const server = devServer();
  let started = 0;

  async function withReset<T>(
    fake: FakeProcedures,
    request: Partial<ResetRequest>,
    work: (handle: Handle) => Promise<T>,
  ): Promise<T> {
    return await withWorker(server.env, fake, async (taskQueue) => {
      started += 1;
      const handle = await server.env.client.workflow.start<typeof pipelineReset>('pipelineReset', {
        args: [{ ...who, ...approved, ...request }],
        taskQueue,
        workflowId: `reset-${process.pid}-${started}`,
      });
      return await work(handle);
    });
  }

  it('stops what runs, then ends what waits, keeps a snapshot before it changes anything, then starts anew', async () => {
    const told: unknown[] = [];
    let looks = 0;
    const requests: unknown[] = [];
    const fake = fakeProcedures(
      { resetState: () => Promise.resolve({ freed: 2, inputs: [['streams/a.csv']], dates: [] }) },
      {
        pauseSchedules: () => Promise.resolve({ paused: ['daily'], pausedBefore: [] }),
        // At work until the third look; what waits does so until it is told.
        findOpenRuns: () => {
          looks += 1;
          const waiting = told.flat().includes('stuck') ? [] : [parked];
          return Promise.resolve(looks <= 2 ? [open, ...waiting] : waiting);
        },
        tellRuns: (_settings, { runs }) => {
          told.push(runs.map(({ workflowId }) => workflowId));
          return Promise.resolve();
        },
        findNewStreams: (_context, request) => {
          requests.push(request);
          return Promise.resolve({ files: 0, bytes: 0, left: 0 });
        },
      },
    );
    await withReset(fake, { all: true }, async (handle) => {
      expect(await handle.result()).toMatchObject({
        status: 'Completed',
        outcome: 'reset; 2 runs completed',
        incomplete: false,
      });
    });
    expect(told).toEqual([['busy'], ['stuck']]);
    expect(requests).toEqual([{ inputs: ['streams/a.csv'] }, {}]);
    const order = [
      'planReset',
      'pauseSchedules',
      'takeSnapshot',
      'resetState',
      'unpauseSchedules',
      'findNewStreams',
    ];
    const seen = fake.calls.filter((name) => order.includes(name));
    expect([...new Set(seen)]).toEqual(order);
    expect(fake.calls).toContain('checkReferenceData');
  });

  it('ends a cron chain that waits for its time, and starts it again', async () => {
    const chain = { workflowId: 'nightly', cron: '0 3 * * *', start: {} };
    const waiting = { workflowId: 'nightly', runId: 'r3', waits: true as const };
    const ended: unknown[] = [];
    const again: unknown[] = [];
    const fake = fakeProcedures(
      {
        startChains: (_context, { chains }) => {
          again.push(...chains);
          return Promise.resolve();
        },
      },
      {
        findOpenRuns: () => Promise.resolve(ended.length === 0 ? [waiting] : []),
        readChains: () => Promise.resolve([chain]),
        endChains: (_settings, { runs }) => {
          ended.push(...runs);
          return Promise.resolve();
        },
      },
    );
    await withReset(fake, { claims: true, restart: false }, async (handle) => {
      expect(await handle.result()).toMatchObject({ status: 'Completed' });
    });
    expect(ended).toEqual([waiting]);
    expect(fake.calls).not.toContain('tellRuns');
    expect(again).toEqual([chain]);
  });

  it('starts no run when it is told not to', async () => {
    const fake = fakeProcedures({
      resetState: () => Promise.resolve({ freed: 0, inputs: [['streams/a.csv']], dates: [] }),
    });
    await withReset(fake, { dates: ['2024-07-01'], restart: false }, async (handle) => {
      expect(await handle.result()).toMatchObject({ outcome: 'reset; no run was started' });
    });
    expect(fake.calls).not.toContain('findNewStreams');
  });

  it('lets the schedules go on when it is aborted half-way', async () => {
    const resumed: unknown[] = [];
    const fake = fakeProcedures(
      {
        takeSnapshot: () => Promise.reject(ApplicationFailure.nonRetryable('denied', 'AccessDenied')),
        unpauseSchedules: (_context, { schedules }) => {
          resumed.push(schedules);
          return Promise.resolve();
        },
      },
      { pauseSchedules: () => Promise.resolve({ paused: ['daily'], pausedBefore: [] }) },
    );
    await withReset(fake, { claims: true }, async (handle) => {
      await until('it is parked', async () => {
        const { status } = await handle.query(statusQuery);
        return status === 'NeedsOperator';
      });
      expect(resumed).toEqual([]);
      await handle.executeUpdate(updates.abort, { args: [who] });
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'ProcedureAborted' } });
    });
    expect(resumed).toEqual([['daily']]);
    expect(fake.calls).not.toContain('resetState');
    expect(fake.reports).toMatchObject([{ status: 'Aborted' }]);
  });

  it('does not give a run inputs again that an earlier round has processed', async () => {
    const requests: unknown[] = [];
    let denied = true;
    const fake = fakeProcedures(
      { resetState: () => Promise.resolve({ freed: 1, inputs: [['streams/a.csv']], dates: [] }) },
      {
        findNewStreams: (_context, request) => {
          requests.push(request);
          return request.inputs === undefined && denied
            ? Promise.reject(ApplicationFailure.nonRetryable('denied', 'AccessDenied'))
            : Promise.resolve({ files: 0, bytes: 0, left: 0 });
        },
      },
    );
    await withReset(fake, { all: true }, async (handle) => {
      const first = await until('its last run is at work', async () => {
        const { awaitedRun: run } = await handle.query(statusQuery);
        return run?.includes('first') === true ? run : undefined;
      });
      const run = server.env.client.workflow.getHandle(first);
      // The procedure names the run that it is about to start.
      await until('the run is parked', async () => {
        const status = await run.query(runQuery).catch(() => undefined);
        return status?.parked ?? undefined;
      });
      await run.executeUpdate(runUpdates.abort, { args: [who] });
      await until('the reset is parked', async () => (await handle.query(statusQuery)).parked ?? undefined);
      denied = false;
      await handle.executeUpdate(updates.retryStep, { args: [who] });
      expect(await handle.result()).toMatchObject({ outcome: 'reset; 1 run completed' });
    });
    expect(requests).toEqual([{ inputs: ['streams/a.csv'] }, {}, {}]);
  });

  it('resumes what a try to pause the schedules had paused before it failed', async () => {
    const resumed: unknown[] = [];
    const fake = fakeProcedures(
      {
        unpauseSchedules: (_context, given) => {
          resumed.push(given);
          return Promise.resolve();
        },
      },
      { pauseSchedules: () => Promise.reject(ApplicationFailure.nonRetryable('denied', 'AccessDenied')) },
    );
    await withReset(fake, { claims: true }, async (handle) => {
      const { id } = await until('it is parked', async () => {
        const status = await handle.query(statusQuery);
        return status.parked === null ? undefined : status;
      });
      await handle.executeUpdate(updates.abort, { args: [who] });
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'ProcedureAborted' } });
      expect(resumed).toEqual([{ note: `Reset ${id} ended early`, mark: `Reset ${id}` }]);
    });
  });

  it('says which step failed, and how often it was tried', async () => {
    let attempts = 0;
    const fake = fakeProcedures({
      resetState: () => {
        attempts += 1;
        return attempts === 1
          ? Promise.reject(ApplicationFailure.nonRetryable('changed meanwhile', 'PlanOutdated'))
          : Promise.resolve({ freed: 0, inputs: [], dates: [] });
      },
    });
    await withReset(fake, { claims: true }, async (handle) => {
      const { parked } = await until('it is parked', async () => {
        const status = await handle.query(statusQuery);
        return status.parked === null ? undefined : status;
      });
      expect(parked).toMatchObject({ step: 'RESET-3', failure: { type: 'PlanOutdated' } });
      await handle.executeUpdate(updates.retryStep, { args: [who] });
      await handle.result();
    });
    expect(fake.reports[0]?.steps.find(({ id }) => id === 'RESET-3')).toMatchObject({
      state: 'done',
      round: 2,
    });
  });
});
