/**
 * A run on a dev server and the operator who deals with it, for recording. Activities are fakes, but for those that ask
 * Temporal: a replay never runs them, and only what the server wrote down counts.
 */
import proto from '@temporalio/proto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createScheduleActivities } from '../../activities/temporal/schedules.ts';
import { createChainActivities } from '../../activities/temporal/chains.ts';
import { createShutdownActivities } from '../../activities/temporal/shutdown.ts';
import type { PipelineRequest } from '../../pipeline/request.ts';
import type { RunStatus } from '../../workflows/pipeline/messages.ts';
import type { Replacements } from '../support/fakes/fake-activities.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { activitiesOver, seen, startRun } from '../support/temporal/started-run.ts';
import type { Handle } from '../support/temporal/started-run.ts';

export interface Execution {
  readonly workflowId: string;
  readonly runId: string;
}

/** @returns the execution whose history is kept */
export type Recording = (env: TestWorkflowEnvironment) => Promise<Execution>;

export interface Scene {
  readonly env: TestWorkflowEnvironment;
  readonly taskQueue: string;
  readonly glue: GlueInHand;
  readonly handle: Handle;
}

export interface Setting {
  readonly glue?: GlueInHand;
  readonly activities?: Replacements;
  readonly request?: PipelineRequest;
}

/** Starts a run and lets `act` play the operator. */
export function scene(
  { glue = new GlueInHand(), activities = {}, request = {} }: Setting,
  act: (scene: Scene) => Promise<Execution>,
): Recording {
  return async (env) => {
    const fake = activitiesOver(glue, {
      ...createShutdownActivities(),
      ...createChainActivities(),
      ...createScheduleActivities(),
      ...activities,
    });
    return await withWorker(env, fake, async (taskQueue) => {
      const handle = await startRun(env, taskQueue, request, 'run');
      return await act({ env, taskQueue, glue, handle });
    });
  };
}

/** @throws what the run failed with */
export async function completed(handle: Handle): Promise<Execution> {
  await handle.result();
  return executionOf(handle);
}

/** Waits for a run whose end is a failure. */
export async function closed(handle: Handle): Promise<Execution> {
  const result = await handle.result().catch(() => undefined);
  if (result !== undefined) throw new Error(`${handle.workflowId} completed, which it was not meant to`);
  return executionOf(handle);
}

function executionOf({ workflowId, firstExecutionRunId: runId }: Handle): Execution {
  return { workflowId, runId };
}

export const isHeld = (handle: Handle): Promise<RunStatus> =>
  seen(handle, 'it is held', ({ held }) => held !== null);

/** Rewinds a closed run to its first workflow task, as the Temporal UI does: with all signals and updates applied again. */
export async function resetToStart(
  env: TestWorkflowEnvironment,
  { workflowId, runId }: Execution,
): Promise<Execution> {
  const { events } = await env.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const { EVENT_TYPE_WORKFLOW_TASK_COMPLETED } = proto.temporal.api.enums.v1.EventType;
  const first = events?.find(({ eventType }) => eventType === EVENT_TYPE_WORKFLOW_TASK_COMPLETED)?.eventId;
  const answer = await env.client.workflowService.resetWorkflowExecution({
    namespace: env.client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'recorded for replays',
    workflowTaskFinishEventId: first ?? null,
    requestId: 'recorded',
  });
  return { workflowId, runId: answer.runId };
}
