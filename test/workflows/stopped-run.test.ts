import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { StopRecord } from '../../pipeline/activity-types.ts';
import { checkpointsQuery, statusQuery, timelineQuery, updates } from '../../workflows/pipeline/messages.ts';
import type { musicStreamingPipeline } from '../../workflows/pipeline/workflow.ts';
import { archiveMismatch, ordinarySettings } from '../support/fakes/fake-activities.ts';
import type { Replacements } from '../support/fakes/fake-activities.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { foundBy } from '../support/temporal/search-attributes.ts';
import { activitiesOver, failureOf, glueWorks, parks, startRun } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'wrong reference data' };

/** Work that goes on until the test says so. */
function held(): { released: Promise<void>; release: () => void } {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  return {
    released,
    release: () => {
      release();
    },
  };
}

const server = devServer();

describe('a run that is shut down', () => {
  it('stops its Glue run, sets unfinished output aside, leaves a record, and is resumed as the same run', async () => {
    const glue = new GlueInHand('kpi_computation');
    const secured: { jobRunIds: readonly string[]; record: StopRecord }[] = [];
    const fake = activitiesOver(glue, {
      secureStoppedRun: (_context, given) => {
        secured.push(given);
        return Promise.resolve({ objects: 3, record: 'somewhere' });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle, 'kpi_computation');
      const { run } = await handle.query(statusQuery);
      await handle.executeUpdate(updates.emergencyShutdown, { args: [who] });
      expect(await failureOf(handle)).toMatchObject({
        cause: { type: 'RunStopped', message: 'Stopped by ada: wrong reference data' },
      });
      expect(await foundBy(handle)).toMatchObject({ status: 'Stopped' });
      expect(glue.of('kpi_computation')).toEqual(['STOPPED']);
      expect(secured).toEqual([
        { jobRunIds: ['jr_2'], record: expect.objectContaining({ ...who, stage: 'kpi_computation' }) },
      ]);

      const { firstExecutionRunId: runId, workflowId } = handle;
      const again = await startRun(
        server.env,
        taskQueue,
        { trigger: 'recovery', resumeFrom: { runId } },
        workflowId,
      );
      await until('a second computation', () => glue.runs[2]);
      glue.end();
      expect(await again.result()).toMatchObject({ outcome: 'published', run });
      const checkpoints = await again.query(checkpointsQuery);
      expect(checkpoints.filter(({ kept }) => kept === true).map(({ stage }) => stage)).toEqual([
        'check_reference_data',
        'check_for_new_streams',
        'validation',
        'quality_gate',
        'publish_plays',
      ]);
    });
    expect(glue.of('validation')).toEqual(['SUCCEEDED']);
    expect(glue.runs.map(({ token }) => token.split('/').slice(1).join('/'))).toEqual([
      expect.stringMatching(/validation\/1$/),
      expect.stringMatching(/kpi_computation\/1$/),
      glue.runs[1]?.token.split('/').slice(1).join('/'),
      expect.stringMatching(/dynamodb_load\/1$/),
    ]);
    expect(fake.calls.filter((name) => name === 'publishPlays')).toHaveLength(1);
    expect(fake.calls).toContain('adoptInputs');
  });

  it('stops also the Glue run that it started anew after a pause had stopped the first', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, activitiesOver(glue), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await handle.executeUpdate(updates.pause, { args: [{ ...who, stopGlue: true }] });
      await until('the first is stopped', () => glue.of('validation')[0] === 'STOPPED');
      await handle.executeUpdate(updates.resume, { args: [who] });
      await until('a second validation', () => glue.runs[1]);
      await handle.executeUpdate(updates.abort, { args: [who] });
      await failureOf(handle);
      expect(glue.of('validation')).toEqual(['STOPPED', 'STOPPED']);
    });
  });

  it('sets aside also what Glue runs have left that failed before it was resumed', async () => {
    const glue = new GlueInHand('validation');
    const secured: (readonly string[])[] = [];
    const fake = activitiesOver(glue, {
      secureStoppedRun: (_context, { jobRunIds }) => {
        secured.push(jobRunIds);
        return Promise.resolve({ objects: 1, record: 'somewhere' });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      glue.end({ state: 'FAILED', errorMessage: 'no plays', executionSeconds: 1 });
      await parks(handle);
      await handle.executeUpdate(updates.abort, { args: [who] });
      await failureOf(handle);
      const { firstExecutionRunId: runId, workflowId } = handle;
      const again = await startRun(server.env, taskQueue, { resumeFrom: { runId } }, workflowId);
      await glueWorks(again);
      await again.executeUpdate(updates.emergencyShutdown, { args: [who] });
      await failureOf(again);
    });
    expect(secured).toEqual([['jr_1', 'jr_2']]);
  });

  it('names its Glue run when it stops it, and says when that does not end', async () => {
    const glue = new GlueInHand('validation');
    const asked: (string | undefined)[] = [];
    const fake = activitiesOver(glue, {
      stopGlueRun: (_context, { jobRunId }) => {
        asked.push(jobRunId);
        glue.end();
        return Promise.resolve({ jobRunIds: ['jr_1'], stillStopping: ['jr_1'] });
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await handle.executeUpdate(updates.emergencyShutdown, { args: [who] });
      await failureOf(handle);
      const timeline = await handle.query(timelineQuery);
      expect(timeline.map(({ what }) => what)).toContain(
        'jr_1 of validation was told to stop and has not ended yet',
      );
    });
    expect(asked).toEqual(['jr_1']);
  });

  it('does the same when it is cancelled from outside', async () => {
    const glue = new GlueInHand('validation');
    const fake = activitiesOver(glue);
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await handle.cancel();
      expect(await failureOf(handle)).toMatchObject({ cause: { name: 'CancelledFailure' } });
      expect(await foundBy(handle)).toMatchObject({ status: 'Stopped' });
    });
    expect(glue.of('validation')).toEqual(['STOPPED']);
    expect(fake.calls).toContain('secureStoppedRun');
  });

  it('ends although unfinished output could not be set aside, and says so', async () => {
    const glue = new GlueInHand('validation');
    const fake = activitiesOver(glue, {
      secureStoppedRun: () => Promise.reject(ApplicationFailure.nonRetryable('denied', 'AccessDenied')),
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await handle.executeUpdate(updates.emergencyShutdown, { args: [who] });
      await failureOf(handle);
      const timeline = await handle.query(timelineQuery);
      expect(timeline.map(({ what }) => what).join('\n')).toMatch(/could not be set aside/);
    });
  });

  it('shows at once that it ends, also while a pause still stops its Glue run', async () => {
    const glue = new GlueInHand('validation');
    const stop = held();
    const fake = activitiesOver(glue, {
      stopGlueRun: async (context, request) => {
        await stop.released;
        return glue.activities.stopGlueRun(context, request);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await handle.executeUpdate(updates.pause, { args: [{ ...who, stopGlue: true }] });
      await until('it is being stopped', () => fake.calls.includes('stopGlueRun'));
      await handle.executeUpdate(updates.abort, { args: [who] });
      expect(await handle.query(statusQuery)).toMatchObject({ status: 'Stopping', commands: [] });
      expect(await foundBy(handle)).toMatchObject({ status: 'Stopping' });
      stop.release();
      expect(await failureOf(handle)).toMatchObject({ cause: { type: 'RunAborted' } });
    });
    expect(glue.of('validation')).toEqual(['STOPPED']);
  });

  it('stops while it is paused, parked or asked twice', async () => {
    const parked = {
      archiveInputs: () => Promise.reject(archiveMismatch),
    };
    await withWorker(server.env, activitiesOver(new GlueInHand(), parked), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await parks(handle);
      await handle.executeUpdate(updates.pause, { args: [who] });
      await Promise.allSettled([
        handle.executeUpdate(updates.emergencyShutdown, { args: [who] }),
        handle.executeUpdate(updates.emergencyShutdown, { args: [who] }),
      ]);
      expect(await failureOf(handle)).toMatchObject({ cause: { type: 'RunStopped' } });
    });
  });
});

describe('a run for which nobody decides in time', () => {
  it('refuses what comes while it still stops its Glue run', async () => {
    const glue = new GlueInHand('validation');
    const stop = held();
    const fake = activitiesOver(glue, {
      readRunSettings: () => Promise.resolve({ ...ordinarySettings, parkHours: 0.0003 }),
      awaitGlueRun: () => Promise.reject(ApplicationFailure.nonRetryable('GetJobRun denied', 'AccessDenied')),
      stopGlueRun: async (context, request) => {
        await stop.released;
        return glue.activities.stopGlueRun(context, request);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await until('it stops Glue', () => fake.calls.includes('stopGlueRun'));
      expect(await handle.query(statusQuery)).toMatchObject({ status: 'Stopping', commands: [] });
      await expect(handle.executeUpdate(updates.retryStage, { args: [who] })).rejects.toMatchObject({
        cause: { message: expect.stringMatching(/The run is ending: validation was parked and nobody/) },
      });
      stop.release();
      expect(await failureOf(handle)).toMatchObject({ cause: { type: 'ParkExpired' } });
      expect(await foundBy(handle)).toMatchObject({ status: 'Failed' });
    });
    expect(glue.of('validation')).toEqual(['STOPPED']);
  });
});

describe('a run whose history has grown long', () => {
  it('continues as new between two stages with all that it knows, and still takes commands', async () => {
    const glue = new GlueInHand('dynamodb_load');
    const shortHistories: Replacements = {
      readRunSettings: () => Promise.resolve({ ...ordinarySettings, historySteps: 10 }),
    };
    await withWorker(server.env, activitiesOver(glue, shortHistories), async (taskQueue) => {
      const first = await startRun(server.env, taskQueue);
      const handle = server.env.client.workflow.getHandle(first.workflowId);
      await until('the load works', async () => (await handle.query(statusQuery)).stage === 'dynamodb_load');
      const { runId } = await handle.describe();
      expect(runId).not.toBe(first.firstExecutionRunId);
      await handle.executeUpdate(updates.pause, { args: [who] });
      await handle.executeUpdate(updates.resume, { args: [{ ...who, runId }] });
      glue.end();
      expect(await first.result()).toMatchObject({ outcome: 'published' });
      expect(await handle.query(checkpointsQuery)).toHaveLength(15);
      expect((await handle.query(timelineQuery))[0]?.what).toBe('started (manual)');
    });
    expect(glue.runs.map(({ stage }) => stage)).toEqual(['validation', 'kpi_computation', 'dynamodb_load']);
  });

  it('begins the round that an operator has asked for, with what was changed for it', async () => {
    const glue = new GlueInHand('validation');
    const requests: { token: string; overrides: object }[] = [];
    const fake = activitiesOver(glue, {
      // Reached between the retry and its round.
      readRunSettings: () => Promise.resolve({ ...ordinarySettings, historySteps: 8 }),
      startGlueRun: (context, request) => {
        if (request.stage === 'validation') requests.push(request);
        return glue.activities.startGlueRun(context, request);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const first = await startRun(server.env, taskQueue);
      const handle = server.env.client.workflow.getHandle<typeof musicStreamingPipeline>(first.workflowId);
      await glueWorks(first);
      glue.end({ state: 'FAILED', errorMessage: 'Java heap space', executionSeconds: 9 });
      await parks(first);
      const overrides = { workerType: 'G.2X', numberOfWorkers: 4 } as const;
      const answer = await first.executeUpdate(updates.retryStage, { args: [{ ...who, overrides }] });
      expect(answer.message).toBe('validation runs again, round 2.');
      await until('a second Glue run', () => glue.runs[1]);
      expect((await handle.describe()).runId).not.toBe(first.firstExecutionRunId);
      glue.end();
      expect(await first.result()).toMatchObject({ outcome: 'published' });
      expect(requests).toMatchObject([
        { token: expect.stringMatching(/validation\/1$/), overrides: {} },
        { token: expect.stringMatching(/validation\/2$/), overrides },
      ]);
    });
  });
});
