import { describe, expect, it } from '@jest/globals';
import { cancelled } from '@temporalio/activity';
import { updates } from '../../workflows/pipeline/messages.ts';
import { fakeActivities, succeeded } from '../support/fakes/fake-activities.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { foundBy } from '../support/temporal/search-attributes.ts';
import { failureOf, glueWorks, startRun } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';

describe('a run that is interrupted while Glue works', () => {
  const server = devServer();

  /** Starts a run whose first Glue run never ends by itself, and interrupts it. */
  async function interrupted(
    workflowId: string,
    interrupt: (handle: { cancel(): Promise<unknown> }) => Promise<unknown>,
  ): Promise<{
    error: unknown;
    stopped: string[];
    status: unknown;
  }> {
    const stopped: string[] = [];
    const fake = fakeActivities({
      awaitGlueRun: () => cancelled(),
      stopGlueRun: (_context, { token }) => {
        stopped.push(token);
        return Promise.resolve({ jobRunIds: ['jr_1'] });
      },
    });
    return await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue, {}, workflowId);
      await glueWorks(handle);
      await interrupt(handle);
      const error = await failureOf(handle);
      return { error, stopped, status: (await foundBy(handle)).status };
    });
  }

  it('stops the Glue run before it ends as cancelled', async () => {
    const { error, stopped, status } = await interrupted('cancelled', (handle) => handle.cancel());
    expect(error).toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(stopped).toEqual([expect.stringMatching(/^cancelled\/.*\/validation\/1$/)]);
    expect(status).toBe('Stopped');
  });

  it('stops the Glue run before it ends as aborted', async () => {
    const who = { by: 'ada', reason: 'wrong data' };
    const { error, stopped, status } = await interrupted('aborted', () =>
      server.env.client.workflow.getHandle('aborted').executeUpdate(updates.abort, { args: [who] }),
    );
    expect(error).toMatchObject({ cause: { type: 'RunAborted' } });
    expect(stopped).toHaveLength(1);
    expect(status).toBe('Aborted');
  });

  it('sees the end of a Glue run that ended while no worker was there, however long that was', async () => {
    let looks = 0;
    const fake = fakeActivities({
      // The workflow adds three quarters of an hour: three seconds are left.
      startGlueRun: (_context, { stage }) =>
        Promise.resolve({ jobName: stage, jobRunId: 'jr_1', adopted: false, timeoutMinutes: -44.95 }),
      awaitGlueRun: (_context, { jobName }) => {
        if (jobName !== 'validation') return Promise.resolve(succeeded);
        looks += 1;
        return looks === 1 ? cancelled() : Promise.resolve(succeeded);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
    expect(looks).toBe(2);
    expect(fake.calls.filter((name) => name === 'startGlueRun')).toHaveLength(3);
  });
});
