/** Waiting for runs of the pipeline that nobody's workflow waits for. */
import { getClient, heartbeat, sleep } from '@temporalio/activity';
import { isOpenExecution } from '../../pipeline/executions.ts';
import type { ProcedureActivities } from '../../pipeline/procedures/activity-types.ts';

/** A run takes minutes; whoever has asked for a step again watches it. */
const LOOK_MS = 2_000;

export function createProcedureRunActivities(): Pick<ProcedureActivities, 'awaitRuns'> {
  return {
    async awaitRuns(_context, { workflowIds }) {
      const client = getClient();
      for (const workflowId of workflowIds) {
        for (;;) {
          const { status } = await client.workflow.getHandle(workflowId).describe();
          heartbeat({ awaits: workflowId });
          if (!isOpenExecution(status.name)) break;
          await sleep(LOOK_MS);
        }
      }
    },
  };
}
