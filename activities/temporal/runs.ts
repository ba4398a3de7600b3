/** What Temporal knows of other runs. Reads only. */
import { activityInfo, getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { LocalActivities, PipelineActivities } from '../../pipeline/activity-types.ts';
import type { Owner } from '../../pipeline/inputs.ts';

type RunActivities = Pick<PipelineActivities, 'findClosedRuns'>;

export function createRunActivities(): RunActivities {
  return {
    async findClosedRuns(owners) {
      const client = getClient();
      const closed = await Promise.all(
        owners.map(async (owner) => ((await isOpen(client, owner)) ? [] : [owner.run])),
      );
      return closed.flat();
    },
  };
}

/** A reset gives an execution a new run id; it is the same run as long as it goes back to the same first one. */
async function isOpen(client: Client, { workflowId, firstRunId }: Owner): Promise<boolean> {
  try {
    const { status, raw } = await client.workflow.getHandle(workflowId).describe();
    const first = raw.workflowExecutionInfo?.firstRunId ?? raw.workflowExecutionInfo?.execution?.runId;
    return first === firstRunId && (status.name === 'RUNNING' || status.name === 'PAUSED');
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

export function createLocalActivities(): LocalActivities {
  return {
    isMeantForThisRun({ run, firstRunId }) {
      const current = activityInfo().workflowExecution?.runId;
      return Promise.resolve(current === (run ?? firstRunId));
    },
  };
}
