/** Runs of the pipeline's workflow on a test server, and waiting for what they come to. */
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createRunActivities } from '../../../activities/temporal/runs.ts';
import type { PipelineRequest } from '../../../pipeline/request.ts';
import type { StageName } from '../../../pipeline/stages.ts';
import { statusQuery } from '../../../workflows/pipeline/messages.ts';
import type { RunStatus } from '../../../workflows/pipeline/messages.ts';
import type { musicStreamingPipeline } from '../../../workflows/pipeline/workflow.ts';
import { fakeActivities } from '../fakes/fake-activities.ts';
import type { FakeActivities, Replacements } from '../fakes/fake-activities.ts';
import type { GlueInHand } from '../fakes/glue-in-hand.ts';
import { until } from '../until.ts';

export type Handle = WorkflowHandleWithFirstExecutionRunId<typeof musicStreamingPipeline>;

let started = 0;

/** @param workflowId one of its own when absent */
export async function startRun(
  env: TestWorkflowEnvironment,
  taskQueue: string,
  request: PipelineRequest = {},
  workflowId?: string,
): Promise<Handle> {
  started += 1;
  return await env.client.workflow.start<typeof musicStreamingPipeline>('musicStreamingPipeline', {
    args: [request],
    taskQueue,
    workflowId: workflowId ?? `run-${process.pid}-${started}`,
  });
}

/** Activities over a Glue in hand; what a run asks Temporal is real. */
export function activitiesOver(glue: GlueInHand, replacements: Replacements = {}): FakeActivities {
  return fakeActivities({ ...createRunActivities(), ...glue.activities, ...replacements });
}

/** Returns when the run's status is as it is waited for. */
export async function seen(
  handle: Pick<Handle, 'query'>,
  what: string,
  is: (status: RunStatus) => boolean,
  withinMs?: number,
): Promise<RunStatus> {
  const look = async (): Promise<RunStatus | undefined> => {
    const status = await handle.query(statusQuery);
    return is(status) ? status : undefined;
  };
  return await until(what, look, withinMs);
}

/** @param stage the first that starts a Glue run when absent */
export async function glueWorks(
  handle: Pick<Handle, 'query'>,
  stage: StageName = 'validation',
  withinMs?: number,
): Promise<RunStatus> {
  const is = (status: RunStatus): boolean => status.stage === stage && status.glueRun !== null;
  return await seen(handle, `Glue works for ${stage}`, is, withinMs);
}

export async function parks(handle: Pick<Handle, 'query'>): Promise<RunStatus> {
  return await seen(handle, 'the run is parked', ({ parked }) => parked !== null);
}

/** What the run fails with, or its result where it does not fail. */
export async function failureOf(handle: Handle): Promise<unknown> {
  return await handle.result().catch((error: unknown) => error);
}
