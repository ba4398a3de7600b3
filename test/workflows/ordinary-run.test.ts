import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { musicStreamingPipeline } from '../../workflows/pipeline/workflow.ts';
import { startDevServer } from '../support/dev-server.ts';
import { fakeActivities } from '../support/fake-activities.ts';
import { withWorker } from '../support/pipeline-worker.ts';

describe('an ordinary run', () => {
  let env: TestWorkflowEnvironment;
  beforeAll(async () => {
    env = await startDevServer();
  }, 60_000);
  afterAll(async () => {
    await env.teardown();
  });

  it('goes through every stage in order and stays under 150 events', async () => {
    const fake = fakeActivities();
    await withWorker(env, fake, async (taskQueue) => {
      for (let i = 0; i < 4; i++) {
        const t = Date.now();
        const handle = await env.client.workflow.start(musicStreamingPipeline, {
          args: [{}],
          taskQueue,
          workflowId: `ordinary-${String(i)}`,
        });
        const result = await handle.result();
        console.log(Date.now() - t, 'ms', JSON.stringify(result));
        const { events } = await handle.fetchHistory();
        console.log(events?.length);
        if (i === 3)
          console.log(
            events!
              .map(
                (e, j) =>
                  `${e.eventType} ${(Number(e.eventTime!.seconds) * 1000 + e.eventTime!.nanos! / 1e6 - Number(events![0]!.eventTime!.seconds) * 1000).toFixed(1)}`,
              )
              .slice(0, 60)
              .join('\n'),
          );
        if (i === 3)
          console.log((await handle.query<unknown[]>('timeline')).map((x) => JSON.stringify(x)).join('\n'));
      }
    });
    expect(fake.calls.length).toBeGreaterThan(10);
  }, 60_000);
});
