import { describe, expect, it } from '@jest/globals';
import { classifyAwsError, FAILURES, OPERATOR_FAILURES } from '../../../pipeline/failures.ts';
import type { FailureType } from '../../../pipeline/failures.ts';
import { classifyEndedRun, dpuSeconds, isKnownState, isLive } from '../../../pipeline/glue-run.ts';

describe('the failure type of an AWS error', () => {
  it.each<[string, Parameters<typeof classifyAwsError>[0], FailureType]>([
    ['a denied action', { name: 'AccessDeniedException', httpStatus: 400 }, 'AccessDenied'],
    ['an unnamed 403', { name: 'Unknown', httpStatus: 403 }, 'AccessDenied'],
    ['an expired token', { name: 'ExpiredTokenException' }, 'CredentialsInvalid'],
    ['no credentials at all', { name: 'CredentialsProviderError' }, 'CredentialsInvalid'],
    ['throttling', { name: 'ThrottlingException', httpStatus: 400 }, 'Throttled'],
    ['S3 asking to slow down', { name: 'SlowDown', httpStatus: 503 }, 'Throttled'],
    ['an unnamed 429', { httpStatus: 429 }, 'Throttled'],
    ['the concurrency limit', { name: 'ConcurrentRunsExceededException' }, 'GlueBusy'],
    ['an internal error', { name: 'InternalServiceException', httpStatus: 500 }, 'ServiceUnavailable'],
    ['an unnamed 503', { httpStatus: 503 }, 'ServiceUnavailable'],
    ['a refused connection', { name: 'Error', code: 'ECONNREFUSED' }, 'ServiceUnavailable'],
    ['a missing bucket', { name: 'NoSuchBucket', httpStatus: 404 }, 'BucketMissing'],
    ['something nobody has seen', { name: 'Novel', httpStatus: 418 }, 'UnexpectedError'],
  ])('of %s', (_what, traits, type) => {
    expect(classifyAwsError(traits)).toBe(type);
  });

  it('says for every type what the operator can do', () => {
    for (const [type, { advice }] of Object.entries(FAILURES))
      expect(`${type}: ${advice}`).toMatch(/\w{3,}.*\.$/);
  });

  it('retries nothing that only an operator can mend', () => {
    expect(OPERATOR_FAILURES).toContain('AccessDenied');
    expect(OPERATOR_FAILURES).not.toContain('Throttled');
    expect(OPERATOR_FAILURES).not.toContain('GlueBusy');
  });
});

describe('the end of a Glue run', () => {
  it.each<[string, string | undefined, FailureType | undefined]>([
    ['SUCCEEDED', undefined, undefined],
    ['STOPPED', undefined, 'GlueRunStopped'],
    ['TIMEOUT', undefined, 'GlueTimedOut'],
    ['ERROR', undefined, 'GlueRunErrored'],
    ['EXPIRED', undefined, 'GlueRunErrored'],
    ['FAILED', undefined, 'GlueRunFailed'],
    ['FAILED', 'java.lang.OutOfMemoryError: Java heap space', 'GlueOutOfMemory'],
    ['FAILED', 'Command failed with exit code 137', 'GlueOutOfMemory'],
    ['FAILED', 'DeadLetterError: 3 items could not be written', 'LoadIncomplete'],
    ['FAILED', 'ReferenceDataError: songs lack the column track_genre', 'ReferenceDataInvalid'],
    ['FAILED', 'An error occurred (AccessDenied) when calling the PutObject operation', 'AccessDenied'],
    ['FAILED', 'AnalysisException: [PATH_NOT_FOUND] Path does not exist', 'GlueRunFailed'],
  ])('%s with %s', (state, errorMessage, type) => {
    expect(classifyEndedRun({ state, errorMessage })).toBe(type);
  });

  it('waits for a run in a state that nobody knows', () => {
    expect(isLive('HIBERNATING')).toBe(true);
    expect(isKnownState('HIBERNATING')).toBe(false);
  });

  it('counts DPU-seconds as Glue bills them', () => {
    const workers = { workerType: 'G.2X', numberOfWorkers: 3 };
    expect(dpuSeconds({ executionSeconds: 10, ...workers })).toBe(360);
    expect(dpuSeconds({ executionSeconds: 100, ...workers })).toBe(600);
    expect(dpuSeconds({ executionSeconds: 100, ...workers, reported: 42 })).toBe(42);
    expect(dpuSeconds({ executionSeconds: 100 })).toBeUndefined();
  });
});
