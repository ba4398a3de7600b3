/**
 * Asking a run. The run answers through its worker, so an answer can be late, or never come; both are told apart from a
 * server that is away.
 */
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { serverOf, type TemporalLink } from './connection.ts';
import { causesOf, ClientError, explain, GRPC, shapeOf } from './errors.ts';
import type { RunReference } from './runs.ts';

/** How long a command may wait for a worker to take it: it may have to replay a long run, and to be started first. */
export const TAKEN_WITHIN_MS = 20_000;

/**
 * How long a question may wait, try by try. Replaying a long run takes a second or two; a question that meets the last
 * step of a run is sometimes dropped by the server, and answered at once when it is asked again.
 */
export const ANSWERED_WITHIN_MS = [3_000, 12_000] as const;

/** @param within limits of time for each try, in milliseconds */
export async function askRun<T>(
  link: TemporalLink,
  { workflowId, runId }: Pick<RunReference, 'workflowId' | 'runId'>,
  question: (handle: WorkflowHandle) => Promise<T>,
  within: readonly number[],
): Promise<T> {
  const handle = link.client.workflow.getHandle(workflowId, runId);
  let unanswered: unknown;
  for (const milliseconds of within) {
    try {
      return await link.client.withDeadline(Date.now() + milliseconds, () => question(handle));
    } catch (error) {
      if (causesOf(error).some((cause) => cause instanceof WorkflowUpdateFailedError)) throw error;
      const explained = explainRun(error, workflowId, link);
      if (explained.code !== 'Unreachable' || !isDeadline(error)) throw explained;
      unanswered = error;
    }
  }
  const seconds = within.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000;
  throw new ClientError('Unreachable', `run ${workflowId} did not answer within ${String(seconds)} s.`, {
    advice: 'Check that a worker runs for this pipeline (msp local status, or your deployment).',
    cause: unanswered,
  });
}

/** The error as a {@link ClientError}. A server that is away is not the run's fault. */
export function explainRun(error: unknown, workflowId: string, link: TemporalLink): ClientError {
  const explained = explain(error, `run ${workflowId}`);
  return explained.code === 'Unreachable' ? explain(error, serverOf(link)) : explained;
}

/** The server is there, but no worker took the question in time. */
function isDeadline(error: unknown): boolean {
  return causesOf(error).some((cause) => shapeOf(cause).code === GRPC.DeadlineExceeded);
}
