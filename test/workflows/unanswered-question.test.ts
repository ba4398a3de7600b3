import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, NamespaceNotFoundError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pausedBecause } from '../../activities/temporal/open-runs.ts';
import { startDevServer } from '../support/dev-server.ts';

const GONE = { workflowId: 'gone', runId: '01a216ca-e229-701d-baa7-3acef61be206' };

describe('asking a procedure why it is paused', () => {
  let env: TestWorkflowEnvironment;
  /** Connected as an activity's is: its errors are not those of other clients. */
  const clientOf = (namespace?: string): Client =>
    new Client({ connection: env.nativeConnection, namespace: namespace ?? env.namespace ?? 'default' });
  beforeAll(async () => {
    env = await startDevServer();
  }, 120_000);
  afterAll(async () => {
    await env.teardown();
  });

  it('takes one that no worker answers for, or that is gone, for one that is not paused', async () => {
    const client = clientOf();
    const workflowId = 'unanswered';
    const start = { workflowId, taskQueue: 'nobody-polls', args: [] };
    const { firstExecutionRunId: runId } = await client.workflow.start('dataRecovery', start);
    await expect(pausedBecause(client, { workflowId, runId })).resolves.toBeUndefined();
    await expect(pausedBecause(client, GONE)).resolves.toBeUndefined();
  }, 30_000);

  it('fails when it could not be asked', async () => {
    await expect(pausedBecause(clientOf('no-such-namespace'), GONE)).rejects.toThrow(NamespaceNotFoundError);
  }, 30_000);
});
