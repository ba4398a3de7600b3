import { describe, expect, it } from '@jest/globals';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as dynamo from '@aws-sdk/client-dynamodb';
import * as glue from '@aws-sdk/client-glue';
import * as iam from '@aws-sdk/client-iam';
import { S3ServiceException } from '@aws-sdk/client-s3';
import { traitsOf } from '../../../systems/aws/errors.ts';
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
    ['the concurrency limit', { service: 'Glue', name: 'ConcurrentRunsExceededException' }, 'GlueBusy'],
    ['an internal error', { name: 'InternalServiceException', httpStatus: 500 }, 'ServiceUnavailable'],
    ['an unnamed 503', { httpStatus: 503 }, 'ServiceUnavailable'],
    ['a refused connection', { name: 'Error', code: 'ECONNREFUSED' }, 'ServiceUnavailable'],
    ['a missing bucket', { service: 'S3', name: 'NoSuchBucket', httpStatus: 404 }, 'BucketMissing'],
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

/** What each service says of something that is not there; the classes are the SDK's own. */
describe('a thing that is missing', () => {
  const $metadata = { httpStatusCode: 400 };
  const given = { $metadata, message: 'not there' };
  it.each<[string, object, FailureType]>([
    ['a table', new dynamo.ResourceNotFoundException(given), 'TableMissing'],
    ['a log group', new logs.ResourceNotFoundException(given), 'UnexpectedError'],
    ['a Glue job', new glue.EntityNotFoundException(given), 'GlueJobMissing'],
    [
      'a bucket',
      new S3ServiceException({ ...given, name: 'NoSuchBucket', $fault: 'client' }),
      'BucketMissing',
    ],
    ['a user', new iam.NoSuchEntityException(given), 'UnexpectedError'],
    [
      'something of no service',
      Object.assign(new Error('no'), { name: 'ResourceNotFoundException' }),
      'UnexpectedError',
    ],
  ])('%s belongs to its service', (_what, error, type) => {
    expect(classifyAwsError(traitsOf(error))).toBe(type);
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
    [
      'FAILED',
      'ResourceNotFoundException: An error occurred (ResourceNotFoundException) when calling the Query operation: Requested resource not found',
      'TableMissing',
    ],
    [
      'FAILED',
      'ClientError: An error occurred (ResourceNotFoundException) when calling the GetLogEvents operation: no such group',
      'GlueRunFailed',
    ],
    [
      'FAILED',
      'ClientError: An error occurred (ValidationException) when calling the Query operation: The table does not have the specified index: date-metric_type-index',
      'TableMisconfigured',
    ],
    [
      'FAILED',
      'NoSuchBucket: An error occurred (NoSuchBucket) when calling the GetObject operation: gone',
      'BucketMissing',
    ],
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
