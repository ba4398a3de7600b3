import { describe, expect, it } from '@jest/globals';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createRunActivities } from '../../../activities/temporal/runs.ts';

const { EVENT_TYPE_WORKFLOW_TASK_COMPLETED } = proto.temporal.api.enums.v1.EventType;

/** A server that has one closed run, which tells this as its progress. */
function serverWith(progress: unknown): Client {
  const handle = {
    describe: () => Promise.resolve({ status: { name: 'FAILED' }, type: 'musicStreamingPipeline' }),
    fetchHistory: () => Promise.resolve({ events: [{ eventType: EVENT_TYPE_WORKFLOW_TASK_COMPLETED }] }),
    query: () => Promise.resolve(progress),
  };
  const client = {
    workflow: { getHandle: () => handle },
    withDeadline: (_deadline: number, work: () => Promise<unknown>) => work(),
    withAbortSignal: (_signal: AbortSignal, work: () => Promise<unknown>) => work(),
  };
  return client as unknown as Client;
}

async function readProgress(progress: unknown): Promise<unknown> {
  const environment = new MockActivityEnvironment(
    { workflowType: 'musicStreamingPipeline' },
    { client: serverWith(progress), logger: new DefaultLogger('ERROR') },
  );
  const closed = { workflowId: 'daily', runId: 'r1' };
  return await environment.run(createRunActivities().readProgress, closed);
}

describe('what a closed run had done', () => {
  it('is read as it told it', async () => {
    const told = {
      ...{ run: 'daily-1', tokenRunId: 'r1', request: { trigger: 'manual' } },
      ...{ checkpoints: [], rounds: {}, unsettledTokens: {}, unfinishedGlueRuns: [] },
    };
    expect(await readProgress(told)).toEqual(told);
  });

  it('is for an operator at once when it is told in a form that nobody knows', async () => {
    await expect(readProgress({ run: 'daily-1' })).rejects.toMatchObject({
      type: 'ResumeImpossible',
      nonRetryable: true,
      message: expect.stringMatching(/^Run r1 of daily tells in another form what it had done: tokenRunId: /),
    });
  });
});
