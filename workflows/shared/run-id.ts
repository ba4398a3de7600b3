import { workflowInfo } from '@temporalio/workflow';
import { runIdOf } from '../../pipeline/layout.ts';

/** The id under which this execution keeps what it writes. */
export function ownRunId(): string {
  const { workflowId, originalExecutionRunId } = workflowInfo();
  return runIdOf(workflowId, originalExecutionRunId);
}
