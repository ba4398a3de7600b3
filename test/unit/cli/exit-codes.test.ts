import { describe, expect, it } from '@jest/globals';
import { ClientError, CLIENT_ERROR_CODES, explain } from '../../../client/errors.ts';
import { endingOf, EXIT_CODES } from '../../../cli/errors.ts';

/** An error as an AWS client throws it. */
const awsError = (name: string, message: string, httpStatusCode: number): Error =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });

/** An error as a gRPC call ends with. */
const grpcError = (code: number, details: string): Error =>
  Object.assign(new Error(details), { code, details });

const network = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

describe('what an error of an SDK means', () => {
  it.each([
    ['AWS: no permission', awsError('AccessDenied', 'no', 403), 'NotAllowed'],
    ['AWS: wrong key', awsError('InvalidAccessKeyId', 'no', 403), 'NotAllowed'],
    ['AWS: no such bucket', awsError('NoSuchBucket', 'no', 404), 'NotFound'],
    ['AWS: no such key', awsError('NoSuchKey', 'no', 404), 'NotFound'],
    ['AWS: no such table', awsError('ResourceNotFoundException', 'no', 400), 'NotFound'],
    ['AWS: throttled', awsError('ThrottlingException', 'slow', 400), 'Unreachable'],
    ['AWS: anything else', awsError('ValidationException', 'odd', 400), 'Failed'],
    ['AWS: no region', new Error('Region is missing'), 'WrongUse'],
    ['nothing listens', network('ECONNREFUSED'), 'Unreachable'],
    ['wrapped by an SDK', new Error('call failed', { cause: network('ECONNRESET') }), 'Unreachable'],
    ['Temporal: unknown run', grpcError(5, 'workflow not found'), 'NotFound'],
    ['Temporal: bad query', grpcError(3, 'invalid query'), 'WrongUse'],
    ['Temporal: no key', grpcError(16, 'unauthenticated'), 'NotAllowed'],
    ['Temporal: no worker', grpcError(4, 'deadline exceeded'), 'Unreachable'],
    ['Temporal: late', grpcError(4, 'Deadline exceeded'), 'Unreachable'],
    ['Temporal: late, as the server sees it', grpcError(1, 'Call cancelled'), 'Unreachable'],
    ['Temporal: down', grpcError(14, 'No connection established. Resolution note: none'), 'Unreachable'],
    ['a defect', new TypeError('x is undefined'), 'Failed'],
  ] as const)('%s', (_what, error, code) => {
    const explained = explain(error, 'bucket b');
    expect(explained.code).toBe(code);
    expect(explained.message).toMatch(/^bucket b/);
    expect(explained.message).not.toMatch(/Resolution note/);
    expect(explained.cause).toBe(error);
  });

  it('leaves the errors of the client as they are', () => {
    const own = new ClientError('Refused', 'not now');
    expect(explain(own, 'run r')).toBe(own);
  });
});

describe('exit codes', () => {
  it('differ for each kind of trouble, and 0 stands for none', () => {
    const codes = Object.values(CLIENT_ERROR_CODES).map(
      (code) => endingOf(new ClientError(code, 'm'), false).exitCode,
    );
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes).not.toContain(EXIT_CODES.Ok);
  });

  it('come with what to do next, and a stack only when asked for', () => {
    const error = new ClientError('NotFound', 'no run r', {
      advice: 'msp runs lists them.',
      cause: new Error('deep'),
    });
    expect(endingOf(error, false).message).toBe('no run r\n  msp runs lists them.');
    expect(endingOf(error, true).message).toMatch(/caused by: Error: deep\n\s+at /);
  });

  it('are 1 for a defect, which is named without a stack', () => {
    const ending = endingOf(new TypeError('x is undefined'), false);
    expect(ending.exitCode).toBe(1);
    expect(ending.message).toMatch(/x is undefined/);
    expect(ending.message).not.toMatch(/\n\s+at /);
  });
});
