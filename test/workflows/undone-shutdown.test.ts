import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createRunActivities } from '../../activities/temporal/runs.ts';
import { createShutdownActivities } from '../../activities/temporal/shutdown.ts';
import { createUndoActivities } from '../../activities/temporal/undo.ts';
import type { ShutdownRequest, UndoPlan } from '../../pipeline/shutdown.ts';
import type { ShutdownResult } from '../../workflows/emergency-shutdown/workflow.ts';
import { statusQuery, updates as runUpdates } from '../../workflows/pipeline/messages.ts';
import type { musicStreamingPipeline } from '../../workflows/pipeline/workflow.ts';
import { statusQuery as procedureQuery, updates } from '../../workflows/procedures/messages.ts';
import type { dataRecovery } from '../../workflows/data-recovery/workflow.ts';
import type { shutdownRecovery } from '../../workflows/shutdown-recovery/workflow.ts';
import { startDevServer } from '../support/dev-server.ts';
import { fakeProcedures, planOf } from '../support/fake-procedures.ts';
import type { FakeProcedures } from '../support/fake-procedures.ts';
import { GlueInHand } from '../support/glue-in-hand.ts';
import { withWorker } from '../support/pipeline-worker.ts';
import { startRun } from '../support/started-run.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'the reference data is wrong' };
const approval = { by: 'grace', reason: 'the data is right again' };

describe('an emergency shutdown that is undone', () => {
  let env: TestWorkflowEnvironment;
  let asked = 0;
  beforeAll(async () => {
    env = await startDevServer();
  }, 120_000);
  afterAll(async () => {
    await env.teardown();
  });

  /** What asks Temporal is real; what a shutdown saves is kept here instead of S3. */
  function activities(glue: GlueInHand): FakeProcedures {
    let saved: UndoPlan | undefined;
    return fakeProcedures(
      {
        ...createUndoActivities(),
        readUndoPlan: () =>
          saved === undefined ? Promise.reject(new Error('nothing was saved')) : Promise.resolve(saved),
        planUndo: (_context, { undo: { runs, schedules } }) =>
          Promise.resolve(planOf({ empty: runs.length + schedules.length === 0, runs: runs.length })),
      },
      {
        ...createRunActivities(),
        ...createShutdownActivities(),
        ...glue.activities,
        writeShutdownReport: (_settings, { plan }) => {
          saved = plan;
          return Promise.resolve({ report: 'r.json', markdown: 'r.md', plan: 'p.json' });
        },
      },
    );
  }

  async function shutDown(taskQueue: string): Promise<ShutdownResult> {
    asked += 1;
    return await env.client.workflow.execute<(given: ShutdownRequest) => Promise<ShutdownResult>>(
      'emergencyShutdown',
      { args: [who], taskQueue, workflowId: `undone-${String(asked)}` },
    );
  }

  async function undo(taskQueue: string, shutdown: string): Promise<string> {
    asked += 1;
    const handle = await env.client.workflow.start<typeof shutdownRecovery>('shutdownRecovery', {
      args: [{ ...approval, shutdown }],
      taskQueue,
      workflowId: `undo-${String(asked)}`,
    });
    const plan = await until('it asks or has ended', async () => {
      const status = await handle.query(procedureQuery);
      if (status.status === 'Completed') return null;
      return status.waiting === null ? undefined : status.plan;
    });
    if (plan !== null) {
      await handle.executeUpdate(updates.approve, { args: [{ ...approval, digest: plan.digest }] });
    }
    return (await handle.result()).outcome;
  }

  async function schedule(id: string, taskQueue: string, note?: string): Promise<void> {
    await env.client.schedule.create({
      scheduleId: id,
      spec: { intervals: [{ every: '1d' }] },
      action: { type: 'startWorkflow', workflowType: 'musicStreamingPipeline', taskQueue, args: [{}] },
      ...(note === undefined ? {} : { state: { paused: true, note } }),
    });
  }

  const isPaused = async (id: string): Promise<boolean> =>
    (await env.client.schedule.getHandle(id).describe()).state.paused;

  it('goes on with what it stopped and with nothing else, loses nothing, doubles nothing, and is undone once', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(env, activities(glue), async (taskQueue) => {
      await schedule('test-daily', taskQueue);
      await schedule('test-weekly', taskQueue, 'a holiday');
      const runs = await Promise.all(Array.from({ length: 5 }, () => startRun(env, taskQueue)));
      for (const run of runs) {
        await until('Glue works', async () =>
          (await run.query(statusQuery)).glueRun !== null ? true : undefined,
        );
      }
      const recovery = await env.client.workflow.start<typeof dataRecovery>('dataRecovery', {
        args: [{ ...who, find: true }],
        taskQueue,
        workflowId: 'recovery',
      });
      const isProcedurePaused = async (): Promise<boolean> =>
        (await recovery.query(procedureQuery)).paused !== null;
      const { shutdown, procedures } = await shutDown(taskQueue);
      expect(procedures.map(({ workflowId }) => workflowId)).toEqual(['recovery']);
      expect(await isProcedurePaused()).toBe(true);

      expect(await undo(taskQueue, shutdown)).toMatch(
        /^brought back: run .*procedure recovery-.*schedule test-daily$/,
      );
      expect(await isPaused('test-daily')).toBe(false);
      expect(await isPaused('test-weekly')).toBe(true);
      expect(await isProcedurePaused()).toBe(false);
      await recovery.terminate();
      await until('every run works again', () => Promise.resolve(glue.runs[9]));
      expect(await undo(taskQueue, shutdown)).toBe('nothing to do');
      glue.end();
      for (const { workflowId } of runs) {
        expect(await env.client.workflow.getHandle(workflowId).result()).toMatchObject({
          outcome: 'published',
        });
      }
    });
    const states = glue.of('validation');
    expect(states.filter((state) => state === 'STOPPED')).toHaveLength(5);
    expect(states.filter((state) => state === 'SUCCEEDED')).toHaveLength(5);
    for (const id of ['test-daily', 'test-weekly']) await env.client.schedule.getHandle(id).delete();
  }, 60_000);

  it('leaves a run paused that was paused before it', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(env, activities(glue), async (taskQueue) => {
      const run = await startRun(env, taskQueue);
      await until('Glue works', async () => (await run.query(statusQuery)).glueRun ?? undefined);
      await run.executeUpdate(runUpdates.pause, { args: [who] });
      const { shutdown } = await shutDown(taskQueue);
      await run.result().catch(() => undefined);
      await undo(taskQueue, shutdown);
      const again = env.client.workflow.getHandle<typeof musicStreamingPipeline>(run.workflowId);
      const status = await until('it goes on', async () => {
        const seen = await again.query(statusQuery);
        return seen.status === 'Paused' ? seen : undefined;
      });
      expect(status.paused).toMatchObject(who);
      expect(glue.of('validation')).toEqual(['STOPPED']);
      await again.executeUpdate(runUpdates.abort, { args: [who] });
      await again.result().catch(() => undefined);
    });
  }, 60_000);
});
