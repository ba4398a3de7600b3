/**
 * Asking a run. The run answers through its worker, so an answer can be late, or never come; both are told apart from a
 * server that is away.
 */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { serverOf, type TemporalLink } from './connection.ts';
import { causesOf, ClientError, explain, GRPC, shapeOf } from './errors.ts';
import type { RunReference } from './references.ts';

/** How long a command may wait for a worker to take it: it may have to replay a long run, and to be started first. */
const TAKEN_WITHIN_MS = 20_000;

/**
 * How long a question may wait, try by try. Replaying a long run takes a second or two; a question that meets the last
 * step of a run is sometimes dropped by the server, and answered at once when it is asked again.
 */
const ANSWERED_WITHIN_MS = [3_000, 12_000] as const;

/** @param within limits of time for each try, in milliseconds */
export async function askRun<T>(
  link: TemporalLink,
  { workflowId, runId }: Pick<RunReference, 'workflowId' | 'runId'>,
  question: (handle: WorkflowHandle) => Promise<T>,
  within: readonly number[] = ANSWERED_WITHIN_MS,
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
  throw new ClientError('Unreachable', `${workflowId} did not answer within ${seconds} s.`, {
    advice:
      'Check that a worker polls the task queue of this pipeline (msp local status, or your deployment), and in the Temporal UI whether its workflow task fails.',
    cause: unanswered,
  });
}

/**
 * Gives a workflow a command by update and waits until it is taken. The command names the execution that was looked at.
 * @param command.advice how to see where the workflow stands
 * @throws ClientError `Refused` with the workflow's own words when it can't follow it now
 */
export async function tell<A>(
  link: TemporalLink,
  reference: Pick<RunReference, 'workflowId' | 'runId'>,
  command: {
    readonly name: string;
    readonly args: object;
    /** What is told, as in `The run`. */
    readonly what: string;
    readonly advice: string;
  },
): Promise<A> {
  const refused = (said: string, cause: unknown): ClientError =>
    new ClientError('Refused', said, { advice: command.advice, cause });
  const updateId = randomUUID();
  const args: [object] = [{ ...command.args, runId: reference.runId }];
  try {
    return await askRun(
      link,
      reference,
      (handle) => handle.executeUpdate<A, [object]>(command.name, { args, updateId }),
      [TAKEN_WITHIN_MS],
    );
  } catch (error) {
    const refusal = causesOf(error).find((cause) => cause instanceof WorkflowUpdateFailedError);
    if (refusal === undefined) {
      if (!hasEnded(error)) throw error;
      const next = await continuationOf(link, reference);
      if (next !== undefined) return await tell(link, next, command);
      throw refused(`${command.what} has ended.`, error);
    }
    throw refused(refusal.cause instanceof Error ? refusal.cause.message : refusal.message, error);
  }
}

/** What has moved to a new history since it was looked at goes on there. */
async function continuationOf(
  link: TemporalLink,
  { workflowId, runId }: Pick<RunReference, 'workflowId' | 'runId'>,
): Promise<Pick<RunReference, 'workflowId' | 'runId'> | undefined> {
  const { workflow } = link.client;
  const { status } = await workflow.getHandle(workflowId, runId).describe();
  if (status.name !== 'CONTINUED_AS_NEW') return undefined;
  return { workflowId, runId: (await workflow.getHandle(workflowId).describe()).runId };
}

function hasEnded(error: unknown): boolean {
  return causesOf(error).some((cause) =>
    /workflow execution already completed/i.test(shapeOf(cause).message),
  );
}

/** The error as a {@link ClientError}. A server that is away is not the run's fault. */
export function explainRun(error: unknown, workflowId: string, link: TemporalLink): ClientError {
  const explained = explain(error, `run ${workflowId}`);
  return explained.code === 'Unreachable' ? explain(error, serverOf(link)) : explained;
}

/** The server is there, but no worker took the question in time. */
function isDeadline(error: unknown): boolean {
  const late: readonly unknown[] = [GRPC.DeadlineExceeded, GRPC.Cancelled];
  return causesOf(error).some((cause) => late.includes(shapeOf(cause).code));
}
