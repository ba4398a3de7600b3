import { describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { activityCaller } from '../../../activities/call.ts';

async function failureOf(error: Error): Promise<{ message: string; cause?: unknown; type?: unknown }> {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const failing = (): Promise<unknown> =>
    activityCaller.call({ operation: 'StartJobRun', resource: 'Glue job j' }, () => Promise.reject(error));
  return (await environment.run(failing).catch((failure: unknown) => failure)) as { message: string };
}

describe('an AWS call that fails', () => {
  it('says what was called, and keeps the cause', async () => {
    const refused = Object.assign(new Error('no such job'), { name: 'EntityNotFoundException' });
    const failure = await failureOf(refused);
    expect(failure.message).toBe('StartJobRun: EntityNotFoundException: no such job');
    expect(failure.cause).toBe(refused);
  });

  it('does not repeat the session token that a refused signature is answered with', async () => {
    const message =
      'The request signature we calculated does not match the signature you provided.\n\n' +
      "The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:SECRET\n'";
    const failure = await failureOf(Object.assign(new Error(message), { name: 'InvalidSignatureException' }));
    expect(failure.message).toContain('does not match the signature you provided.');
    expect(JSON.stringify([failure.message, String(failure.cause)])).not.toContain('SECRET');
  });
});
