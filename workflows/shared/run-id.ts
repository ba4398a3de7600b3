import { patched, workflowInfo } from '@temporalio/workflow';
import { runIdOf, timedRunIdOf } from '../../pipeline/layout.ts';

/** The id under which this execution keeps what it writes. What began under its old id keeps it to its end. */
export function ownRunId(): string {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  return patched('random-run-ids')
    ? runIdOf(workflowId, firstExecutionRunId)
    : timedRunIdOf(workflowId, firstExecutionRunId);
}
