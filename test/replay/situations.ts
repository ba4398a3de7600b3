/**
 * The situations that an operator brings about or meets, each as a run that gets into it. Their histories are what
 * every later version of the workflows has to replay: a deploy must not break a run that is in one of them.
 */
import { SHUTDOWN_WORKFLOW } from '../../pipeline/shutdown.ts';
import { signals, updates } from '../../workflows/pipeline/messages.ts';
import { archivingFailsOnce, ordinarySettings } from '../support/fakes/fake-activities.ts';
import type { Replacements } from '../support/fakes/fake-activities.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { glueWorks, parks, seen, startRun } from '../support/temporal/started-run.ts';
import { until } from '../support/until.ts';
import { PROCEDURE_SITUATIONS } from './procedure-situations.ts';
import { closed, completed, isHeld, resetToStart, scene } from './scene.ts';
import type { Recording } from './scene.ts';

export interface Situation {
  /** Name of the fixture. */
  readonly name: string;
  /** Brings a run into the situation and out of it. */
  readonly record: Recording;
}

const who = { by: 'ada', reason: 'wrong reference data' };

const held: Replacements = {
  judgeQuality: () =>
    Promise.resolve({
      gate: { verdict: 'hold', reasons: ['6 of 100 rows rejected'] },
      rows: { delivered: 100, valid: 94, duplicate: 0, rejected: 6, underReview: 0 },
      rejectedFiles: 0,
    }),
};

/** Few enough that an ordinary run with a pause moves to a new history once. */
const shortHistories: Replacements = {
  readRunSettings: () => Promise.resolve({ ...ordinarySettings, historySteps: 10 }),
};

export const SITUATIONS: readonly Situation[] = [
  {
    name: 'ordinary',
    record: scene({}, ({ handle }) => completed(handle)),
  },
  {
    name: 'nothing-new',
    record: scene(
      { activities: { findNewStreams: () => Promise.resolve({ files: 0, bytes: 0, left: 0 }) } },
      ({ handle }) => completed(handle),
    ),
  },
  {
    name: 'days-computed-again',
    record: scene({ request: { dates: ['2024-06-25'] } }, ({ handle }) => completed(handle)),
  },
  {
    name: 'parked-and-retried',
    record: scene({ glue: new GlueInHand('validation') }, async ({ handle, glue }) => {
      await glueWorks(handle, 'validation');
      glue.end({ state: 'FAILED', errorMessage: 'Java heap space', executionSeconds: 9 });
      await parks(handle);
      const overrides = { workerType: 'G.2X', numberOfWorkers: 4 } as const;
      await handle.executeUpdate(updates.retryStage, { args: [{ ...who, overrides }] });
      await until('a second Glue run', () => glue.runs[1]);
      glue.end();
      return await completed(handle);
    }),
  },
  {
    name: 'parked-and-skipped',
    record: scene({ activities: archivingFailsOnce() }, async ({ handle }) => {
      await parks(handle);
      await handle.signal(signals.skipStage, who);
      return await completed(handle);
    }),
  },
  {
    name: 'parked-and-aborted',
    record: scene({ activities: archivingFailsOnce() }, async ({ handle }) => {
      await parks(handle);
      await handle.executeUpdate(updates.abort, { args: [who] });
      return await closed(handle);
    }),
  },
  {
    name: 'paused-in-glue',
    record: scene({ glue: new GlueInHand('validation') }, async ({ handle, glue }) => {
      await glueWorks(handle, 'validation');
      await handle.executeUpdate(updates.pause, { args: [who] });
      glue.end();
      await seen(handle, 'validation is done', ({ done }) => done === 7);
      await handle.executeUpdate(updates.resume, { args: [who] });
      return await completed(handle);
    }),
  },
  {
    name: 'paused-with-glue-stopped',
    record: scene({ glue: new GlueInHand('validation') }, async ({ handle, glue }) => {
      await glueWorks(handle, 'validation');
      await handle.executeUpdate(updates.pause, { args: [{ ...who, stopGlue: true }] });
      await seen(handle, 'Glue is stopped', ({ glueRun }) => glueRun === null);
      await handle.signal(signals.resume, who);
      await until('a second Glue run', () => glue.runs[1]);
      glue.end();
      return await completed(handle);
    }),
  },
  {
    name: 'cancelled-in-glue',
    record: scene({ glue: new GlueInHand('validation') }, async ({ handle }) => {
      await glueWorks(handle, 'validation');
      await handle.cancel();
      return await closed(handle);
    }),
  },
  {
    name: 'shut-down-in-glue',
    record: scene({ glue: new GlueInHand('kpi_computation') }, async ({ handle }) => {
      await glueWorks(handle, 'kpi_computation');
      await handle.executeUpdate(updates.emergencyShutdown, { args: [who] });
      return await closed(handle);
    }),
  },
  {
    name: 'resumed',
    record: scene({ glue: new GlueInHand('kpi_computation') }, async ({ env, taskQueue, glue, handle }) => {
      await glueWorks(handle, 'kpi_computation');
      await handle.signal(signals.emergencyShutdown, who);
      const { workflowId, runId } = await closed(handle);
      const request = { trigger: 'recovery', resumeFrom: { runId } } as const;
      const again = await startRun(env, taskQueue, request, workflowId);
      await glueWorks(again, 'kpi_computation');
      glue.end();
      return await completed(again);
    }),
  },
  {
    name: 'gate-approved',
    record: scene({ activities: held }, async ({ handle }) => {
      await isHeld(handle);
      await handle.executeUpdate(updates.approve, { args: [who] });
      return await completed(handle);
    }),
  },
  {
    name: 'gate-rejected',
    record: scene({ activities: held }, async ({ handle }) => {
      await isHeld(handle);
      await handle.signal(signals.reject, who);
      return await completed(handle);
    }),
  },
  {
    // With everything applied again, as a reset in the UI does: the new run must not follow what the old one was told.
    name: 'reset',
    record: scene({ glue: new GlueInHand('validation') }, async ({ env, glue, handle }) => {
      await glueWorks(handle, 'validation');
      await handle.executeUpdate(updates.pause, { args: [who] });
      await handle.signal(signals.emergencyShutdown, who);
      const again = await resetToStart(env, await closed(handle));
      await until('a second Glue run', () => glue.runs[1]);
      glue.end();
      await env.client.workflow.getHandle(again.workflowId, again.runId).result();
      return again;
    }),
  },
  {
    name: 'before-continuing-as-new',
    record: scene({ activities: shortHistories }, ({ handle }) => completed(handle)),
  },
  {
    name: 'continued-as-new',
    record: scene(
      { glue: new GlueInHand('dynamodb_load'), activities: shortHistories },
      async ({ env, glue, handle }) => {
        const { workflowId } = handle;
        const current = env.client.workflow.getHandle(workflowId);
        await glueWorks(current, 'dynamodb_load');
        const { runId } = await current.describe();
        await current.executeUpdate(updates.pause, { args: [who] });
        await current.executeUpdate(updates.resume, { args: [who] });
        glue.end();
        await handle.result();
        return { workflowId, runId };
      },
    ),
  },
  {
    name: 'emergency-shutdown',
    record: scene({ glue: new GlueInHand('validation') }, async ({ env, taskQueue, handle }) => {
      await env.client.schedule.create({
        scheduleId: 'test-daily',
        spec: { intervals: [{ every: '1d' }] },
        action: { type: 'startWorkflow', workflowType: 'musicStreamingPipeline', taskQueue, args: [{}] },
      });
      await glueWorks(handle, 'validation');
      const shutdown = await env.client.workflow.start(SHUTDOWN_WORKFLOW, {
        args: [who],
        taskQueue,
        workflowId: 'shutdown',
      });
      await shutdown.result();
      return { workflowId: shutdown.workflowId, runId: shutdown.firstExecutionRunId };
    }),
  },
  ...PROCEDURE_SITUATIONS,
];
