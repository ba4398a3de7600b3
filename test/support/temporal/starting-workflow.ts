/** A workflow that only starts a Glue run, with hardly a pause between attempts. */
import { proxyActivities } from '@temporalio/workflow';
import type { GlueJobRequest, PipelineActivities, StartedGlueRun } from '../../../pipeline/activity-types.ts';
import type { RunContext } from '../../../pipeline/run-context.ts';

const { startGlueRun } = proxyActivities<PipelineActivities>({
  startToCloseTimeout: '1m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 1 },
});

export async function starting(context: RunContext, request: GlueJobRequest): Promise<StartedGlueRun> {
  return await startGlueRun(context, request);
}
