import { describe, expect, it } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { createProcedureRunActivities } from '../../activities/temporal/procedure-runs.ts';
import { createScheduleActivities } from '../../activities/temporal/schedules.ts';
import { planByStatus } from '../../activities/temporal/shutdown-status.ts';
import { createUndoActivities } from '../../activities/temporal/undo.ts';
import type { ProcedureActivities } from '../../pipeline/procedures/activity-types.ts';
import type { ShutdownRequest } from '../../pipeline/shutdown.ts';
import type { ShutdownResult } from '../../workflows/emergency-shutdown/messages.ts';
import { statusQuery, updates as runUpdates } from '../../workflows/pipeline/messages.ts';
import type { musicStreamingPipeline } from '../../workflows/pipeline/workflow.ts';
import { statusQuery as procedureQuery, updates } from '../../workflows/procedures/messages.ts';
import type { dataRecovery } from '../../workflows/data-recovery/workflow.ts';
import type { pipelineReset } from '../../workflows/pipeline-reset/workflow.ts';
import type { shutdownRecovery } from '../../workflows/shutdown-recovery/workflow.ts';
import type { Replacements } from '../support/fakes/fake-activities.ts';
import { digest, planOf, shutdownInMemory } from '../support/fakes/fake-procedures.ts';
import type { FakeProcedures } from '../support/fakes/fake-procedures.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { glueWorks, startRun } from '../support/temporal/started-run.ts';
import type { Handle } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'the reference data is wrong' };
const approval = { by: 'grace', reason: 'the data is right again' };

describe('an emergency shutdown that is undone', () => {
  const server = devServer();
  let asked = 0;

  /** Schedules are real too. */
  function activities(
    glue: GlueInHand,
    procedures: Partial<ProcedureActivities> = {},
    ofRuns: Replacements = {},
  ): FakeProcedures {
    return shutdownInMemory(glue, { ...createScheduleActivities(), ...procedures }, ofRuns);
  }

  async function shutDown(taskQueue: string): Promise<ShutdownResult> {
    asked += 1;
    return await server.env.client.workflow.execute<(given: ShutdownRequest) => Promise<ShutdownResult>>(
      'emergencyShutdown',
      { args: [who], taskQueue, workflowId: `undone-${asked}` },
    );
  }

  async function undo(taskQueue: string, shutdown: string): Promise<string> {
    return (await (await beginUndo(taskQueue, shutdown)).result()).outcome;
  }

  /** Approves the plan, if there is something to do. */
  async function beginUndo(
    taskQueue: string,
    shutdown: string,
  ): Promise<WorkflowHandle<typeof shutdownRecovery>> {
    asked += 1;
    const handle = await server.env.client.workflow.start<typeof shutdownRecovery>('shutdownRecovery', {
      args: [{ ...approval, shutdown }],
      taskQueue,
      workflowId: `undo-${asked}`,
    });
    const plan = await until('it asks or has ended', async () => {
      const status = await handle.query(procedureQuery);
      if (status.status === 'Completed') return null;
      return status.waiting === null ? undefined : status.plan;
    });
    if (plan !== null) {
      await handle.executeUpdate(updates.approve, { args: [{ ...approval, digest: plan.digest }] });
    }
    return handle;
  }

  /** Starts runs and waits until their Glue runs work. */
  async function working(taskQueue: string, count = 1): Promise<Handle[]> {
    const runs = await Promise.all(Array.from({ length: count }, () => startRun(server.env, taskQueue)));
    for (const run of runs) await glueWorks(run);
    return runs;
  }

  /** A reset that has paused the schedules and waits for an operator. */
  async function parkedReset(taskQueue: string): Promise<WorkflowHandle<typeof pipelineReset>> {
    asked += 1;
    const reset = await server.env.client.workflow.start<typeof pipelineReset>('pipelineReset', {
      args: [{ ...who, claims: true, restart: false, approve: { digest: digest('a') } }],
      taskQueue,
      workflowId: `reset-${asked}`,
    });
    await until('it is parked', async () => (await reset.query(procedureQuery)).parked ?? undefined);
    return reset;
  }

  async function schedule(id: string, taskQueue: string, note?: string): Promise<void> {
    await server.env.client.schedule.create({
      scheduleId: id,
      spec: { intervals: [{ every: '1d' }] },
      action: { type: 'startWorkflow', workflowType: 'musicStreamingPipeline', taskQueue, args: [{}] },
      ...(note === undefined ? {} : { state: { paused: true, note } }),
    });
  }

  const isPaused = async (id: string): Promise<boolean> =>
    (await server.env.client.schedule.getHandle(id).describe()).state.paused;
  const noteOf = async (id: string): Promise<string | undefined> =>
    (await server.env.client.schedule.getHandle(id).describe()).state.note;
  const last = async ({ workflowId }: Handle): Promise<{ runId: string; status: { name: string } }> =>
    await server.env.client.workflow.getHandle(workflowId).describe();

  it('goes on with what it stopped and with nothing else, loses nothing, doubles nothing, and is undone once', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, activities(glue), async (taskQueue) => {
      await schedule('test-daily', taskQueue);
      await schedule('test-weekly', taskQueue, 'a holiday');
      const runs = await working(taskQueue, 5);
      const recovery = await server.env.client.workflow.start<typeof dataRecovery>('dataRecovery', {
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
      await until('every run works again', () => glue.runs[9]);
      expect(await undo(taskQueue, shutdown)).toBe('nothing to do');
      glue.end();
      for (const { workflowId } of runs) {
        expect(await server.env.client.workflow.getHandle(workflowId).result()).toMatchObject({
          outcome: 'published',
        });
      }
    });
    const states = glue.of('validation');
    expect(states.filter((state) => state === 'STOPPED')).toHaveLength(5);
    expect(states.filter((state) => state === 'SUCCEEDED')).toHaveLength(5);
    for (const id of ['test-daily', 'test-weekly']) await server.env.client.schedule.getHandle(id).delete();
  });

  it('leaves a run paused that was paused before it', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, activities(glue), async (taskQueue) => {
      const run = await startRun(server.env, taskQueue);
      await glueWorks(run);
      await run.executeUpdate(runUpdates.pause, { args: [who] });
      const { shutdown } = await shutDown(taskQueue);
      await run.result().catch(() => undefined);
      await undo(taskQueue, shutdown);
      const again = server.env.client.workflow.getHandle<typeof musicStreamingPipeline>(run.workflowId);
      const status = await until('it goes on', async () => {
        const seen = await again.query(statusQuery);
        return seen.status === 'Paused' ? seen : undefined;
      });
      expect(status.paused).toMatchObject(who);
      expect(glue.of('validation')).toEqual(['STOPPED']);
      await again.executeUpdate(runUpdates.abort, { args: [who] });
      await again.result().catch(() => undefined);
    });
  });

  it('leaves alone a run that was told to abort before the shutdown came', async () => {
    const glue = new GlueInHand('validation');
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stopGlueRun: Replacements['stopGlueRun'] = async (context, given) => {
      await held;
      return await glue.activities.stopGlueRun(context, given);
    };
    await withWorker(server.env, activities(glue, {}, { stopGlueRun }), async (taskQueue) => {
      const [aborted] = await working(taskQueue);
      if (aborted === undefined) throw new Error('no run');
      await aborted.executeUpdate(runUpdates.abort, { args: [who] });
      const shutdown = shutDown(taskQueue);
      await until('its Glue run is stopped', () => glue.of('validation')[0] === 'STOPPED');
      release?.();
      const { shutdown: id, runs } = await shutdown;
      expect(runs).toHaveLength(1);
      expect(await undo(taskQueue, id)).toBe('nothing to do');
      expect((await last(aborted)).runId).toBe(aborted.firstExecutionRunId);
    });
  });

  it('resumes a run once, also when the answer that it was resumed is lost', async () => {
    const glue = new GlueInHand('validation');
    const real = createUndoActivities();
    let ends: (() => Promise<unknown>) | undefined;
    const resumeRuns: ProcedureActivities['resumeRuns'] = async (context, given) => {
      const result = await real.resumeRuns(context, given);
      if (ends === undefined) return result;
      await ends();
      ends = undefined;
      throw new Error('killed');
    };
    await withWorker(server.env, activities(glue, { resumeRuns }), async (taskQueue) => {
      const [run] = await working(taskQueue);
      if (run === undefined) throw new Error('no run');
      const { shutdown } = await shutDown(taskQueue);
      let resumed: string | undefined;
      ends = async () => {
        await until('it works again', () => glue.runs[1]);
        resumed = (await last(run)).runId;
        glue.end();
        await server.env.client.workflow.getHandle(run.workflowId).result();
      };
      expect(await undo(taskQueue, shutdown)).toMatch(/^brought back/);
      expect(await last(run)).toMatchObject({ runId: resumed, status: { name: 'COMPLETED' } });
    });
  });

  it('names a run that was resumed and does not go on', async () => {
    const glue = new GlueInHand('validation');
    const gone = ApplicationFailure.nonRetryable('its history has expired', 'ResumeImpossible');
    const fake = activities(glue, {}, { readProgress: () => Promise.reject(gone) });
    await withWorker(server.env, fake, async (taskQueue) => {
      const [run] = await working(taskQueue);
      const { shutdown } = await shutDown(taskQueue);
      const undoing = await beginUndo(taskQueue, shutdown);
      const parked = await until(
        'it is parked',
        async () => (await undoing.query(procedureQuery)).parked ?? undefined,
      );
      expect(parked).toMatchObject({
        step: 'UNDO-3',
        failure: { message: `These do not go on: run ${run?.workflowId ?? ''}` },
      });
      await undoing.terminate();
    });
  });

  const refused = (): Promise<never> =>
    Promise.reject(ApplicationFailure.nonRetryable('denied', 'AccessDenied'));

  it('lets a procedure wait for its run that was brought back, instead of starting another beside it', async () => {
    const glue = new GlueInHand('validation');
    let due = [['streams/a.csv']];
    const procedures: Partial<ProcedureActivities> = {
      ...createProcedureRunActivities(),
      planRecovery: () => Promise.resolve(planOf({ runs: 1 })),
      returnInputs: () => Promise.resolve({ inputs: due, dates: [] }),
    };
    await withWorker(server.env, activities(glue, procedures), async (taskQueue) => {
      const recovery = await server.env.client.workflow.start<typeof dataRecovery>('dataRecovery', {
        args: [{ ...who, find: true, approve: { digest: digest('a') } }],
        taskQueue,
        workflowId: 'recovery-with-run',
      });
      await until('Glue works', () => glue.runs[0]);
      const { shutdown } = await shutDown(taskQueue);
      expect(await undo(taskQueue, shutdown)).toMatch(/^brought back: run .*inputs-1-1, procedure/);
      await until('its run works again', () => glue.runs[1]);
      await until('it is parked', async () => (await recovery.query(procedureQuery)).parked ?? undefined);
      await recovery.executeUpdate(updates.retryStep, { args: [who] });
      const run = await until(
        'it waits',
        async () => (await recovery.query(procedureQuery)).awaitedRun ?? undefined,
      );
      expect(run).toMatch(/-inputs-1-1$/);
      due = [];
      glue.end();
      expect(await recovery.result()).toMatchObject({ status: 'Completed' });
    });
    expect(glue.of('validation')).toEqual(['STOPPED', 'SUCCEEDED']);
  });

  it('is found by what the shutdown says of itself when it could not write it down', async () => {
    const glue = new GlueInHand('validation');
    const readUndoPlan: ProcedureActivities['readUndoPlan'] = async (_context, { shutdown }) => {
      const plan = await planByStatus(shutdown);
      return plan ?? (await Promise.reject(new Error(`no shutdown ${shutdown}`)));
    };
    const fake = activities(glue, { readUndoPlan }, { writeShutdownReport: refused });
    await withWorker(server.env, fake, async (taskQueue) => {
      await schedule('test-daily', taskQueue);
      const [run] = await working(taskQueue);
      const failed: unknown = await shutDown(taskQueue).catch((error: unknown) => error);
      const said = z.object({ cause: z.object({ message: z.string() }) }).parse(failed).cause.message;
      const [, shutdown = ''] = /msp resume --shutdown (\S+)$/.exec(said) ?? [];
      expect(await undo(taskQueue, shutdown)).toBe(
        `brought back: run ${run?.workflowId ?? ''}, schedule test-daily`,
      );
      expect(await isPaused('test-daily')).toBe(false);
      await until('it works again', () => glue.runs[1]);
      glue.end();
      await server.env.client.schedule.getHandle('test-daily').delete();
    });
  });

  it('gives a reset that is at work its schedules back, which it resumes when it ends', async () => {
    await withWorker(
      server.env,
      activities(new GlueInHand(), { takeSnapshot: refused }),
      async (taskQueue) => {
        await schedule('test-daily', taskQueue);
        const reset = await parkedReset(taskQueue);
        const paused = await noteOf('test-daily');
        const { shutdown, schedules } = await shutDown(taskQueue);
        expect(schedules.paused).toEqual(['test-daily']);
        await undo(taskQueue, shutdown);
        expect(await isPaused('test-daily')).toBe(true);
        expect(await noteOf('test-daily')).toBe(paused);
        await reset.executeUpdate(updates.abort, { args: [who] });
        await reset.result().catch(() => undefined);
        expect(await isPaused('test-daily')).toBe(false);
        await server.env.client.schedule.getHandle('test-daily').delete();
      },
    );
  });

  it('keeps the schedules paused when a reset that had paused them is aborted, until it is undone', async () => {
    await withWorker(
      server.env,
      activities(new GlueInHand(), { takeSnapshot: refused }),
      async (taskQueue) => {
        await schedule('test-daily', taskQueue);
        const reset = await parkedReset(taskQueue);
        const { shutdown } = await shutDown(taskQueue);
        await reset.executeUpdate(updates.abort, { args: [who] });
        await reset.result().catch(() => undefined);
        expect(await isPaused('test-daily')).toBe(true);
        expect(await undo(taskQueue, shutdown)).toBe('brought back: schedule test-daily');
        expect(await isPaused('test-daily')).toBe(false);
        await server.env.client.schedule.getHandle('test-daily').delete();
      },
    );
  });

  it('starts the cron chain that it ended again, once, as it was', async () => {
    await withWorker(server.env, activities(new GlueInHand('validation')), async (taskQueue) => {
      const { workflow } = server.env.client;
      const workflowId = `chain-${taskQueue}`;
      const first = await workflow.start('musicStreamingPipeline', {
        args: [{ trigger: 'cron' }],
        memo: { team: 'charts' },
        workflowRunTimeout: '2 days',
        cronSchedule: '@every 1s',
        ...{ workflowId, taskQueue },
      });
      await glueWorks(first as Handle);
      const { shutdown, runs } = await shutDown(taskQueue);
      expect(runs.map(({ runId }) => runId)).toEqual([first.firstExecutionRunId]);
      expect(await undo(taskQueue, shutdown)).toBe(`brought back: cron chain ${workflowId} (@every 1s)`);
      const handle = workflow.getHandle(workflowId);
      const described = await handle.describe();
      expect(described.memo).toEqual({ team: 'charts' });
      const { events } = await handle.fetchHistory();
      expect(events?.[0]?.workflowExecutionStartedEventAttributes).toMatchObject({
        cronSchedule: '@every 1s',
        workflowRunTimeout: { seconds: expect.objectContaining({ low: 172_800 }) },
      });
      await glueWorks(handle as Handle);
      expect(await undo(taskQueue, shutdown)).toBe('nothing to do');
      expect((await handle.describe()).runId).toBe(described.runId);
      await handle.terminate();
    });
  });

  it('leaves a schedule that somebody has paused for another reason meanwhile', async () => {
    await withWorker(server.env, activities(new GlueInHand()), async (taskQueue) => {
      await schedule('test-daily', taskQueue);
      const { shutdown } = await shutDown(taskQueue);
      await server.env.client.schedule.getHandle('test-daily').pause('maintenance until noon');
      expect(await undo(taskQueue, shutdown)).toBe('nothing to do');
      expect(await noteOf('test-daily')).toBe('maintenance until noon');
      await server.env.client.schedule.getHandle('test-daily').delete();
    });
  });
});
