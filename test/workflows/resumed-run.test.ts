import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { statusQuery, timelineQuery, updates } from '../../workflows/pipeline/messages.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { activitiesOver, failureOf, glueWorks, parks, startRun } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'wrong reference data' };

describe('a closed run', () => {
  const server = devServer();

  async function parkedAndAborted(taskQueue: string): Promise<{ runId: string; workflowId: string }> {
    const handle = await startRun(server.env, taskQueue);
    await parks(handle);
    await handle.executeUpdate(updates.abort, { args: [who] });
    await failureOf(handle);
    return { runId: handle.firstExecutionRunId, workflowId: handle.workflowId };
  }

  it('that was terminated is resumed with the Glue run that it left', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, activitiesOver(glue), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await handle.terminate('by hand');
      const { firstExecutionRunId: runId, workflowId } = handle;
      const again = await startRun(server.env, taskQueue, { resumeFrom: { runId } }, workflowId);
      await glueWorks(again);
      glue.end();
      expect(await again.result()).toMatchObject({ outcome: 'published' });
    });
    expect(glue.of('validation')).toEqual(['SUCCEEDED']);
  });

  it('is resumed paused as it was, and does nothing until somebody resumes it', async () => {
    const glue = new GlueInHand('validation');
    const fake = activitiesOver(glue);
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await handle.executeUpdate(updates.pause, { args: [who] });
      await handle.executeUpdate(updates.emergencyShutdown, { args: [{ by: 'bea', reason: 'fire' }] });
      await failureOf(handle);
      expect(await handle.query(statusQuery)).toMatchObject({ status: 'Stopped', paused: null });
      const begun = fake.calls.filter((name) => name === 'validateAwsConnection').length;
      const { firstExecutionRunId: runId, workflowId } = handle;
      const again = await startRun(server.env, taskQueue, { resumeFrom: { runId } }, workflowId);
      await until('it is paused', async () => (await again.query(statusQuery)).status === 'Paused');
      expect(await again.query(statusQuery)).toMatchObject({ paused: { ...who, stopGlue: false } });
      expect((await again.query(timelineQuery)).at(-1)?.what).toMatch(/still paused by ada/);
      expect(fake.calls.filter((name) => name === 'validateAwsConnection')).toHaveLength(begun);
      await again.executeUpdate(updates.resume, { args: [who] });
      await glueWorks(again);
      glue.end();
      expect(await again.result()).toMatchObject({ outcome: 'published' });
    });
  });

  it('is resumed with what an operator had changed for its round, under what is changed now', async () => {
    const glue = new GlueInHand('validation');
    const overrides: object[] = [];
    const fake = activitiesOver(glue, {
      startGlueRun: (context, request) => {
        if (request.stage === 'validation') overrides.push(request.overrides);
        return glue.activities.startGlueRun(context, request);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      glue.end({ state: 'FAILED', errorMessage: 'Java heap space', executionSeconds: 9 });
      await parks(handle);
      const larger = { workerType: 'G.2X', numberOfWorkers: 4 } as const;
      await handle.executeUpdate(updates.retryStage, { args: [{ ...who, overrides: larger }] });
      await glueWorks(handle);
      await handle.executeUpdate(updates.emergencyShutdown, { args: [who] });
      await failureOf(handle);
      const { firstExecutionRunId: runId, workflowId } = handle;
      const request = { resumeFrom: { runId }, overrides: { numberOfWorkers: 8 } };
      const again = await startRun(server.env, taskQueue, request, workflowId);
      await glueWorks(again);
      glue.end();
      expect(await again.result()).toMatchObject({ outcome: 'published' });
      expect(overrides).toEqual([{}, larger, { workerType: 'G.2X', numberOfWorkers: 8 }]);
    });
  });

  it('that was terminated has its Glue run stopped by the next run, unless it is resumed', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, activitiesOver(glue), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await handle.terminate('by hand');
      const next = await startRun(server.env, taskQueue);
      await until('its own Glue run', () => glue.runs[1]);
      glue.end();
      expect(await next.result()).toMatchObject({ outcome: 'published' });
    });
    expect(glue.of('validation')).toEqual(['STOPPED', 'SUCCEEDED']);
  });

  it('does what had finished again only when asked, with new Glue runs', async () => {
    const glue = new GlueInHand();
    let tries = 0;
    const fake = activitiesOver(glue, {
      publishKpis: () => {
        tries += 1;
        const day = { day: '2024-06-25', edition: 1 };
        return tries === 1
          ? Promise.reject(ApplicationFailure.nonRetryable('denied', 'AccessDenied'))
          : Promise.resolve({ published: [day], publishedCount: 1, superseded: [], supersededCount: 0 });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const { runId, workflowId } = await parkedAndAborted(taskQueue);
      const resumeFrom = { runId, stage: 'kpi_computation' } as const;
      const again = await startRun(server.env, taskQueue, { resumeFrom }, workflowId);
      expect(await again.result()).toMatchObject({ outcome: 'published' });
    });
    const rounds = glue.runs.map(({ token }) => token.split('/').slice(-2).join(' '));
    expect(rounds).toEqual(['validation 1', 'kpi_computation 1', 'kpi_computation 2', 'dynamodb_load 1']);
  });

  it.each([
    ['validation', true],
    ['kpi_computation', false],
  ] as const)('that goes on from %s replaces what it has published: %s', async (stage, replaces) => {
    const glue = new GlueInHand();
    const adopted: unknown[] = [];
    const fake = activitiesOver(glue, {
      archiveInputs: () => Promise.reject(ApplicationFailure.nonRetryable('denied', 'AccessDenied')),
      adoptInputs: (_context, given) => {
        adopted.push(given);
        return Promise.resolve({ files: 1 });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const { runId, workflowId } = await parkedAndAborted(taskQueue);
      const again = await startRun(server.env, taskQueue, { resumeFrom: { runId, stage } }, workflowId);
      await parks(again);
      await again.executeUpdate(updates.skipStage, { args: [who] });
      expect(await again.result()).toMatchObject({ outcome: 'published' });
    });
    expect(adopted).toEqual([
      replaces ? { again: { reference: expect.anything(), now: expect.any(String) } } : {},
    ]);
  });

  it.each([
    ['has completed', /has completed: nothing is left to do/],
    ['never was', /is not there/],
  ])('that %s is not resumed, and says so', async (what, message) => {
    await withWorker(server.env, activitiesOver(new GlueInHand()), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await handle.result();
      const runId =
        what === 'never was' ? '00000000-0000-4000-8000-000000000000' : handle.firstExecutionRunId;
      const again = await startRun(server.env, taskQueue, { resumeFrom: { runId } }, handle.workflowId);
      expect(await failureOf(again)).toMatchObject({
        cause: { cause: { type: 'ResumeImpossible', message: expect.stringMatching(message) } },
      });
    });
  });
});
