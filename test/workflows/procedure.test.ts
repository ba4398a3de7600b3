/** What holds for every procedure, seen with the data recovery: plan, approval, action, pause, park, abort, report. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { RecoveryRequest } from '../../pipeline/recovery/request.ts';
import type { dataRecovery } from '../../workflows/data-recovery/workflow.ts';
import { signals, statusQuery, timelineQuery, updates } from '../../workflows/procedures/messages.ts';
import { ordinarySettings } from '../support/fakes/fake-activities.ts';
import { digest, fakeProcedures, planOf } from '../support/fakes/fake-procedures.ts';
import type { FakeProcedures } from '../support/fakes/fake-procedures.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { foundBy } from '../support/temporal/search-attributes.ts';
import { acting, held, reaches } from '../support/temporal/started-procedure.ts';
import type { Handle } from '../support/temporal/started-procedure.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'a disk has failed' };
const approval = { by: 'bea', reason: 'looks right' };

describe('a procedure', () => {
  const server = devServer();
  let started = 0;

  async function withProcedure<T>(
    fake: FakeProcedures,
    request: Partial<RecoveryRequest>,
    work: (handle: Handle, taskQueue: string) => Promise<T>,
  ): Promise<T> {
    return await withWorker(server.env, fake, async (taskQueue) => {
      started += 1;
      const handle = await server.env.client.workflow.start<typeof dataRecovery>('dataRecovery', {
        args: [{ ...who, find: true, ...request }],
        taskQueue,
        workflowId: `procedure-${process.pid}-${started}`,
      });
      return await work(handle, taskQueue);
    });
  }

  it('shows its plan, changes nothing before the approval, then acts, verifies and reports', async () => {
    const fake = fakeProcedures();
    await withProcedure(fake, {}, async (handle) => {
      const { plan, commands, phase } = await reaches(handle, 'AwaitingApproval');
      expect(plan).toMatchObject({ digest: digest('a'), objects: 1 });
      expect(phase).toBe('approval');
      expect(commands).toEqual(['approve', 'reject', 'pause', 'abort']);
      expect(await foundBy(handle)).toMatchObject({ status: 'AwaitingApproval', trigger: 'dataRecovery' });
      expect(acting(fake.calls)).toEqual([]);

      await handle.executeUpdate(updates.approve, { args: [{ ...approval, digest: digest('a') }] });
      expect(await handle.result()).toMatchObject({
        status: 'Completed',
        outcome: 'recovered; all numbers are as before',
        report: 'processed/procedures/p/report.json',
      });
      expect(acting(fake.calls)).toEqual(['restoreObjects', 'verifyRecovery']);
      expect(fake.calls.filter((name) => name === 'planRecovery')).toHaveLength(2);
      const [report] = fake.reports;
      expect(report).toMatchObject({ status: 'Completed', approval: { by: 'bea', digest: digest('a') } });
      expect(report?.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
        'RDATA-1 done',
        'RDATA-2 done',
        'RDATA-3 done',
        'RDATA-4 not needed',
        'RDATA-5 done',
      ]);
      expect(await foundBy(handle)).toMatchObject({ status: 'Completed' });
    });
  });

  it('ends after the plan when it is a dry run, and when there is nothing to do', async () => {
    const dry = fakeProcedures();
    await withProcedure(dry, { dryRun: true }, async (handle) => {
      expect(await handle.result()).toMatchObject({ status: 'Planned', plan: digest('a') });
    });
    const nothing = fakeProcedures({
      planRecovery: () => Promise.resolve(planOf({ empty: true, objects: 0 })),
    });
    await withProcedure(nothing, {}, async (handle) => {
      expect(await handle.result()).toMatchObject({ status: 'Completed', outcome: 'nothing to do' });
    });
    expect([...acting(dry.calls), ...acting(nothing.calls)]).toEqual([]);
  });

  it('takes the approval that the digest of a dry run gives, and asks when the plan is another one by now', async () => {
    const same = fakeProcedures();
    await withProcedure(same, { approve: { digest: digest('a') } }, async (handle) => {
      expect(await handle.result()).toMatchObject({ status: 'Completed' });
    });
    const other = fakeProcedures();
    await withProcedure(other, { approve: { digest: digest('b') } }, async (handle) => {
      await reaches(handle, 'AwaitingApproval');
      await handle.executeUpdate(updates.reject, { args: [approval] });
      expect(await handle.result()).toMatchObject({
        status: 'Rejected',
        outcome: 'rejected by bea: looks right',
      });
    });
    expect(acting(other.calls)).toEqual([]);
  });

  it('refuses an approval of another plan, and names the present one', async () => {
    await withProcedure(fakeProcedures(), {}, async (handle) => {
      await reaches(handle, 'AwaitingApproval');
      const stale = handle.executeUpdate(updates.approve, { args: [{ ...approval, digest: digest('b') }] });
      await expect(stale).rejects.toMatchObject({ cause: { message: expect.stringContaining(digest('a')) } });
      await expect(
        handle.executeUpdate('approve', { args: [{ ...approval, digst: digest('a') }] }),
      ).rejects.toMatchObject({ cause: { message: expect.stringContaining('digest') } });
      expect((await handle.query(statusQuery)).status).toBe('AwaitingApproval');
      await handle.executeUpdate(updates.abort, { args: [approval] });
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'ProcedureAborted' } });
    });
  });

  it('asks again when the world has changed between the plan and its approval', async () => {
    let plans = 0;
    const fake = fakeProcedures({
      planRecovery: () => {
        plans += 1;
        return Promise.resolve(planOf({ digest: digest(plans === 1 ? 'a' : 'b'), objects: plans }));
      },
    });
    await withProcedure(fake, {}, async (handle) => {
      await reaches(handle, 'AwaitingApproval');
      await handle.executeUpdate(updates.approve, { args: [{ ...approval, digest: digest('a') }] });
      const { plan } = await until('the new plan is shown', async () => {
        const status = await handle.query(statusQuery);
        return status.plan?.digest === digest('b') && status.status === 'AwaitingApproval'
          ? status
          : undefined;
      });
      expect(plan).toMatchObject({ objects: 2 });
      expect(acting(fake.calls)).toEqual([]);
      await handle.signal(signals.approve, { ...approval, digest: digest('a') });
      await handle.signal(signals.approve, { ...approval, digest: digest('b') });
      expect(await handle.result()).toMatchObject({ status: 'Completed' });
      const refused = (await handle.query(timelineQuery)).filter((entry) => entry.refused === true);
      expect(refused).toMatchObject([
        { ...approval, what: expect.stringMatching(/^signal approve was not followed/) },
      ]);
    });
  });

  it('takes the same message twice, by update and by signal, once', async () => {
    const restoring = held({ restored: 1, good: 0, quarantined: 0 });
    const fake = fakeProcedures({ restoreObjects: restoring.activity });
    await withProcedure(fake, {}, async (handle) => {
      await reaches(handle, 'AwaitingApproval');
      const args = { ...approval, digest: digest('a') };
      await handle.signal(signals.approve, args);
      await handle.signal(signals.approve, args);
      await restoring.begun;
      const answer = await handle.executeUpdate(updates.approve, { args: [args] });
      expect(answer.message).toContain('approved this plan already');
      restoring.release();
      expect(await handle.result()).toMatchObject({ status: 'Completed' });
      const timeline = await handle.query(timelineQuery);
      expect(timeline.filter(({ what }) => what.startsWith('approve'))).toHaveLength(1);
      expect(timeline[0]).toMatchObject({ what: 'started', ...who });
    });
    expect(acting(fake.calls)).toEqual(['restoreObjects', 'verifyRecovery']);
  });

  it('finishes its step when it is paused, begins none until it is resumed', async () => {
    const restoring = held({ restored: 1, good: 0, quarantined: 0 });
    const fake = fakeProcedures({ restoreObjects: restoring.activity });
    await withProcedure(fake, { approve: { digest: digest('a') } }, async (handle) => {
      await restoring.begun;
      await handle.executeUpdate(updates.pause, { args: [approval] });
      restoring.release();
      const paused = await until('the step is done', async () => {
        const status = await handle.query(statusQuery);
        return status.steps.find(({ id }) => id === 'RDATA-3')?.state === 'done' ? status : undefined;
      });
      expect(paused).toMatchObject({ status: 'Paused', commands: ['resume', 'abort'] });
      expect(acting(fake.calls)).toEqual(['restoreObjects']);
      await handle.executeUpdate(updates.resume, { args: [approval] });
      expect(await handle.result()).toMatchObject({ status: 'Completed' });
    });
  });

  it('gives an operator the whole time again when it is resumed while it asks', async () => {
    // 3.6 s.
    const readRunSettings = () => Promise.resolve({ ...ordinarySettings, parkHours: 0.001 });
    await withProcedure(fakeProcedures({}, { readRunSettings }), {}, async (handle) => {
      await reaches(handle, 'AwaitingApproval');
      const before = (await handle.query(statusQuery)).waiting;
      await handle.executeUpdate(updates.pause, { args: [approval] });
      await sleep(2_000);
      await handle.executeUpdate(updates.resume, { args: [approval] });
      await until('the time of before is over', () => Date.now() > Date.parse(before?.until ?? ''));
      await handle.executeUpdate(updates.approve, { args: [{ ...approval, digest: digest('a') }] });
      expect(await handle.result()).toMatchObject({ status: 'Completed' });
    });
  });

  it('parks where a step gives up, does it again when asked, and keeps what was done', async () => {
    let attempts = 0;
    const fake = fakeProcedures({
      verifyRecovery: () => {
        attempts += 1;
        return attempts === 1
          ? Promise.reject(ApplicationFailure.nonRetryable('s3:GetObject is denied', 'AccessDenied'))
          : Promise.resolve({
              remaining: 0,
              differing: 1,
              lost: 0,
              lines: ['2024-07-01: 3 plays instead of 4'],
            });
      },
    });
    await withProcedure(fake, { approve: { digest: digest('a') } }, async (handle) => {
      const { parked, commands } = await reaches(handle, 'NeedsOperator');
      expect(parked).toMatchObject({ step: 'RDATA-5', failure: { type: 'AccessDenied' } });
      expect(commands).toEqual(['retryStep', 'pause', 'abort']);
      await handle.executeUpdate(updates.retryStep, { args: [approval] });
      expect(await handle.result()).toMatchObject({ outcome: 'recovered; the numbers of 1 day differ' });
    });
    expect(acting(fake.calls)).toEqual(['restoreObjects', 'verifyRecovery', 'verifyRecovery']);
  });

  it('ends with a report when what it was asked for does not exist, also when it plans again', async () => {
    let looks = 0;
    const fake = fakeProcedures({
      examineData: () => {
        looks += 1;
        return looks === 1
          ? Promise.resolve({ files: 1, days: 1, objects: 1, items: 1, damages: 1 })
          : Promise.reject(ApplicationFailure.nonRetryable('no record of it', 'RecoveryImpossible'));
      },
    });
    await withProcedure(fake, {}, async (handle) => {
      await reaches(handle, 'AwaitingApproval');
      await handle.executeUpdate(updates.approve, { args: [{ ...approval, digest: digest('a') }] });
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'RecoveryImpossible', message: 'no record of it' },
      });
      expect(fake.reports).toMatchObject([{ status: 'Failed', outcome: 'no record of it' }]);
    });
    expect(acting(fake.calls)).toEqual([]);
  });

  it('leaves a report when it is aborted', async () => {
    const fake = fakeProcedures({
      restoreObjects: () => Promise.reject(ApplicationFailure.nonRetryable('gone', 'BucketMissing')),
    });
    await withProcedure(fake, { approve: { digest: digest('a') } }, async (handle) => {
      await reaches(handle, 'NeedsOperator');
      await handle.executeUpdate(updates.abort, { args: [approval] });
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'ProcedureAborted', message: 'Aborted by bea: looks right' },
      });
      expect(fake.reports).toMatchObject([{ status: 'Aborted', outcome: 'Aborted by bea: looks right' }]);
      expect(await foundBy(handle)).toMatchObject({ status: 'Aborted' });
    });
  });

  it('completes although its report can not be written, and says so', async () => {
    const fake = fakeProcedures({
      writeProcedureReport: () => Promise.reject(ApplicationFailure.nonRetryable('gone', 'BucketMissing')),
    });
    await withProcedure(fake, { approve: { digest: digest('a') } }, async (handle) => {
      expect(await handle.result()).toMatchObject({ status: 'Completed', report: null });
      expect(await foundBy(handle)).toMatchObject({ status: 'Completed' });
      const { what } = (await handle.query(timelineQuery)).at(-1) ?? {};
      expect(what).toBe('the report could not be written: gone');
    });
  });

  it('refuses a request that says not what to recover', async () => {
    await withProcedure(fakeProcedures(), { dates: ['2024-07-01'] }, async (handle) => {
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'RequestInvalid', message: expect.stringContaining('exactly one of') },
      });
    });
  });

  it('runs the pipeline over what is to be made again until nothing is left, and parks when such a run fails', async () => {
    const requests: unknown[] = [];
    const all = { inputs: [['streams/a.csv'], ['streams/b.csv']], dates: [['2024-07-02']] };
    const rests = [all, all, { inputs: [['streams/b.csv']], dates: [] }];
    let failing = true;
    const fake = fakeProcedures(
      {
        planRecovery: () => Promise.resolve(planOf({ runs: 2 })),
        returnInputs: () => Promise.resolve(rests.shift() ?? { inputs: [], dates: [] }),
      },
      {
        findNewStreams: (_context, request) => {
          requests.push(request);
          if (!failing) return Promise.resolve({ files: 1, bytes: 1, left: 0 });
          failing = false;
          return Promise.reject(ApplicationFailure.nonRetryable('not there', 'InputInvalid'));
        },
      },
    );
    await withProcedure(fake, { approve: { digest: digest('a') } }, async (handle) => {
      const run = await until(
        'a pipeline run works',
        async () => (await handle.query(statusQuery)).awaitedRun ?? undefined,
      );
      expect(run).toMatch(/-inputs-1-1$/);
      const child = server.env.client.workflow.getHandle(run);
      await until('it is parked', async () => (await foundBy(child)).status === 'NeedsOperator');
      await child.executeUpdate(updates.abort, { args: [approval] });
      const { parked } = await reaches(handle, 'NeedsOperator');
      expect(parked).toMatchObject({ step: 'RDATA-4', failure: { type: 'RunNotCompleted' } });
      await handle.executeUpdate(updates.retryStep, { args: [approval] });
      expect(await handle.result()).toMatchObject({ status: 'Completed' });
    });
    const [a, b] = [{ inputs: ['streams/a.csv'] }, { inputs: ['streams/b.csv'] }];
    expect(requests).toEqual([a, a, b, b]);
  });

  it('parks when runs leave what is to be made again, and names it', async () => {
    const left = { inputs: [['streams/a.csv']], dates: [] };
    const fake = fakeProcedures({
      planRecovery: () => Promise.resolve(planOf({ runs: 1 })),
      returnInputs: () => Promise.resolve(left),
    });
    await withProcedure(fake, { approve: { digest: digest('a') } }, async (handle) => {
      const { parked } = await reaches(handle, 'NeedsOperator');
      expect(parked).toMatchObject({
        step: 'RDATA-4',
        failure: { type: 'RunNotCompleted', message: expect.stringContaining('streams/a.csv') },
      });
      await handle.executeUpdate(updates.abort, { args: [approval] });
      await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'ProcedureAborted' } });
    });
  });
});
