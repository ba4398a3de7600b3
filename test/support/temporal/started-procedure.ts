/** A data recovery on a test server: waiting for what it comes to, and what it has done. */
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { dataRecovery } from '../../../workflows/data-recovery/workflow.ts';
import { statusQuery } from '../../../workflows/procedures/messages.ts';
import type { ProcedureStatus } from '../../../workflows/procedures/messages.ts';
import { until } from '../until.ts';

export type Handle = WorkflowHandleWithFirstExecutionRunId<typeof dataRecovery>;

export async function reaches(handle: Handle, status: ProcedureStatus['status']): Promise<ProcedureStatus> {
  return await until(`the procedure is ${status}`, async () => {
    const answer = await handle.query(statusQuery);
    return answer.status === status ? answer : undefined;
  });
}

/** An activity that begins and ends when the test says so. */
export function held<T>(result: T): {
  activity: () => Promise<T>;
  begun: Promise<void>;
  release: () => void;
} {
  let release = (): void => undefined;
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const released = new Promise<T>((resolve) => {
    release = () => {
      resolve(result);
    };
  });
  return {
    activity: () => {
      begin();
      return released;
    },
    begun,
    release: () => {
      release();
    },
  };
}

/** Of these activities, those that act. */
export const acting = (calls: readonly string[]): string[] =>
  calls.filter((name) => ['restoreObjects', 'returnInputs', 'verifyRecovery'].includes(name));
