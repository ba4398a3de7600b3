import { describe, expect, it } from '@jest/globals';
import { Client, NamespaceNotFoundError } from '@temporalio/client';
import { pausedBecause } from '../../activities/temporal/open-runs.ts';
import { devServer } from '../support/suites/dev-server.ts';

const GONE = { workflowId: 'gone', runId: '01a216ca-e229-701d-baa7-3acef61be206' };

describe('asking a procedure why it is paused', () => {
  const server = devServer();
  /** Connected as an activity's is: its errors are not those of other clients. */
  const clientOf = (namespace?: string): Client => {
    const { nativeConnection: connection, namespace: own = 'default' } = server.env;
    return new Client({ connection, namespace: namespace ?? own });
  };

  it('takes one that no worker answers for, or that is gone, for one that is not paused', async () => {
    const client = clientOf();
    const workflowId = 'unanswered';
    const start = { workflowId, taskQueue: 'nobody-polls', args: [] };
    const { firstExecutionRunId: runId } = await client.workflow.start('dataRecovery', start);
    await expect(pausedBecause(client, { workflowId, runId })).resolves.toBeUndefined();
    await expect(pausedBecause(client, GONE)).resolves.toBeUndefined();
  });

  it('fails when it could not be asked', async () => {
    await expect(pausedBecause(clientOf('no-such-namespace'), GONE)).rejects.toThrow(NamespaceNotFoundError);
  });
});
