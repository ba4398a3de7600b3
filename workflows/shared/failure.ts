/** What an operator is told of an error that ended a stage. */
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { FAILURES, isFailureType } from '../../pipeline/failures.ts';
import { cut } from '../../pipeline/first-few.ts';
import type { FailureType } from '../../pipeline/failures.ts';

export interface Failure {
  readonly type: FailureType;
  readonly message: string;
  readonly advice: string;
}

export function failureOf(error: unknown): Failure {
  const { type, message } = typeAndMessage(error);
  return { type, message: cut(message), advice: FAILURES[type].advice };
}

function typeAndMessage(error: unknown): { type: FailureType; message: string } {
  if (error instanceof ActivityFailure) {
    const { cause } = error;
    if (cause instanceof TimeoutFailure) {
      return {
        type: 'ServiceUnavailable',
        message: `${error.activityType} did not finish in time (${cause.timeoutType}): no worker was there, or what it asks did not answer`,
      };
    }
    return typeAndMessage(cause ?? error.message);
  }
  if (error instanceof ApplicationFailure) {
    return { type: isFailureType(error.type) ? error.type : 'UnexpectedError', message: error.message };
  }
  return { type: 'UnexpectedError', message: error instanceof Error ? error.message : String(error) };
}
