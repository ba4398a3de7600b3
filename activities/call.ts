/**
 * Every AWS call of an activity goes through {@link activityCaller}: it hands the activity's cancellation to the SDK and turns
 * what the call ends with into a failure of the closed list.
 *
 * When the activity was cancelled, the SDK throws its own AbortError; what must leave the activity is the signal's
 * reason, because the server takes only that for a cancellation (an AbortError wedges a paused activity).
 */
import { cancellationSignal } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { classifyAwsError, isFinal } from '../pipeline/failures.ts';
import { cut } from '../pipeline/first-few.ts';
import type { FailureType } from '../pipeline/failures.ts';
import type { AwsCall, Caller, CallOptions } from '../systems/aws/caller.ts';
import { traitsOf } from '../systems/aws/errors.ts';

/** How activities call AWS. */
export const activityCaller: Caller = { call, failure };

async function call<T>({ operation }: AwsCall, send: (options: CallOptions) => Promise<T>): Promise<T> {
  const signal = cancellationSignal();
  try {
    return await send({ abortSignal: signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    // Whoever sent it knows better what it was.
    if (error instanceof ApplicationFailure) throw error;
    const traits = traitsOf(error);
    const message = withoutSigning(traits.message);
    const said = message === '' ? (traits.name ?? 'no reason given') : message;
    // What a failure says and what caused it go into the history, stack traces included.
    const cause = message === traits.message ? error : undefined;
    throw failure(classifyAwsError(traits), `${operation}: ${traits.name ?? 'Error'}: ${said}`, cause);
  }
}

/**
 * A refused signature is answered with all that was to be signed, the session token among it ("The Canonical String for
 * this request should have been …").
 */
function withoutSigning(message: string): string {
  return message.replace(/\s*(?:The Canonical String|The String-to-Sign|'?x-amz-security-token).*$/is, '');
}

/**
 * A failure of the closed list. Its handling decides whether the retry policy may try again. Its message is bounded, since
 * the history keeps it with each attempt.
 */
export function failure(type: FailureType, message: string, cause?: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: cut(message),
    nonRetryable: isFinal(type),
    ...(cause instanceof Error ? { cause } : {}),
  });
}

/** Whether an error is a failure of this type. */
export function isFailureOf(error: unknown, type: FailureType): boolean {
  return error instanceof ApplicationFailure && error.type === type;
}
