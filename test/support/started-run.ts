/** Runs of the pipeline's workflow on a test server. */
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { PipelineRequest } from '../../pipeline/request.ts';
import type { musicStreamingPipeline } from '../../workflows/pipeline/workflow.ts';

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
    workflowId: workflowId ?? `run-${String(process.pid)}-${String(started)}`,
  });
}
