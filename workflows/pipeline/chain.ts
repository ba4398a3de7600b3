/** A cron chain: executions of one workflow id, each begun by the server at its time and each a run of its own. */
import { workflowInfo } from '@temporalio/workflow';
import type { ParsedRequest, Trigger } from '../../pipeline/request.ts';

export function isInChain(): boolean {
  return (workflowInfo().cronSchedule ?? '') !== '';
}

/** What an execution makes of its input, which all executions of a chain share. */
export type OwnRequest = ParsedRequest & { readonly trigger: Trigger };

/** Only the first execution of a chain goes on with a closed run; the others would do so again and again. */
export function ownRequest({ resumeFrom, ...given }: ParsedRequest): OwnRequest {
  const { firstExecutionRunId, originalExecutionRunId } = workflowInfo();
  const trigger = given.trigger ?? (isInChain() ? 'cron' : 'manual');
  const isLater = isInChain() && originalExecutionRunId !== firstExecutionRunId;
  return { ...given, trigger, ...(resumeFrom === undefined || isLater ? {} : { resumeFrom }) };
}
