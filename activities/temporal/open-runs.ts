/** The pipeline's open runs, as Temporal lists them. Reads only. */
import { activityInfo, getClient } from '@temporalio/activity';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { PIPELINE_WORKFLOW } from '../../pipeline/request.ts';

/** Under which a run's id in the bucket is searched. */
const RUN = defineSearchAttributeKey('PipelineRun', SearchAttributeType.KEYWORD);

export interface OpenRun {
  readonly workflowId: string;
  readonly runId: string;
  /** Id in the bucket. */
  readonly run: string | undefined;
}

/** Runs on this worker's task queue; a list lags some hundred milliseconds behind. */
export async function listOpenRuns(): Promise<OpenRun[]> {
  const { taskQueue } = activityInfo();
  const query = `WorkflowType = '${PIPELINE_WORKFLOW}' AND TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'`;
  const found: OpenRun[] = [];
  for await (const { workflowId, runId, typedSearchAttributes } of getClient().workflow.list({ query })) {
    found.push({ workflowId, runId, run: typedSearchAttributes.get(RUN) });
  }
  return found;
}

/** Their ids in the bucket. */
export async function openRunIds(): Promise<string[]> {
  return (await listOpenRuns()).flatMap(({ run }) => run ?? []);
}
