import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { cancelled } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { checkpointsQuery, signals, statusQuery, updates } from '../../workflows/pipeline/messages.ts';
import { archivingFailsOnce, fakeActivities, ordinarySettings } from '../support/fakes/fake-activities.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { glueWorks, parks, seen, startRun } from '../support/temporal/started-run.ts';
import { held } from '../support/temporal/started-procedure.ts';
import { devServer } from '../support/suites/dev-server.ts';
import { until } from '../support/until.ts';

const who = { by: 'ada', reason: 'the source is broken' };

describe('a paused run', () => {
  const server = devServer();

  it('lets its Glue run go on, keeps the result, begins no stage, and goes on where it stood', async () => {
    const glue = new GlueInHand('validation');
    const fake = fakeActivities(glue.activities);
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      const { message } = await handle.executeUpdate(updates.pause, { args: [who] });
      expect(message).toMatch(/jr_1 goes on and its result is kept/);
      glue.end();
      const paused = await seen(handle, 'validation is done', ({ done }) => done === 7);
      expect(paused).toMatchObject({ status: 'Paused', paused: who, stage: 'validation' });
      expect(fake.calls).not.toContain('judgeQuality');
      await handle.executeUpdate(updates.resume, { args: [who] });
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
    expect(glue.of('validation')).toEqual(['SUCCEEDED']);
  });

  it('stops its Glue run when asked, and runs the stage again once resumed, in the same round', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, fakeActivities(glue.activities), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await handle.executeUpdate(updates.pause, { args: [{ ...who, stopGlue: true }] });
      await until('the Glue run is stopped', () => glue.of('validation')[0] === 'STOPPED');
      await handle.executeUpdate(updates.resume, { args: [who] });
      await until('a second Glue run', () => glue.runs[1]);
      glue.end();
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
      const checkpoints = await handle.query(checkpointsQuery);
      expect(checkpoints.find(({ stage }) => stage === 'validation')).toMatchObject({ round: 1 });
    });
    expect(glue.of('validation')).toEqual(['STOPPED', 'SUCCEEDED']);
  });

  it('starts no Glue run while it waits for a slot, and starts it once when it is resumed', async () => {
    const glue = new GlueInHand('validation');
    let busy = true;
    const fake = fakeActivities({
      ...glue.activities,
      startGlueRun: (context, request) =>
        busy
          ? Promise.reject(ApplicationFailure.retryable('the job is at its limit', 'GlueBusy'))
          : glue.activities.startGlueRun(context, request),
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await until('a start was refused', () => fake.calls.includes('startGlueRun'));
      await handle.executeUpdate(updates.pause, { args: [who] });
      busy = false;
      await handle.executeUpdate(updates.resume, { args: [who] });
      await glueWorks(handle);
      glue.end();
      await handle.result();
    });
    expect(glue.of('validation')).toEqual(['SUCCEEDED']);
  });

  it('keeps the Glue run whose start was under way', async () => {
    const glue = new GlueInHand('validation');
    // As a request that Glue has got already: a cancellation comes too late for it.
    const request = held(undefined);
    const fake = fakeActivities({
      ...glue.activities,
      startGlueRun: async (context, given) => {
        if (given.stage === 'validation') await request.activity();
        return await glue.activities.startGlueRun(context, given);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await request.begun;
      await handle.executeUpdate(updates.pause, { args: [who] });
      request.release();
      await glueWorks(handle);
      glue.end();
      await seen(handle, 'validation is done', ({ done }) => done === 7);
      await handle.executeUpdate(updates.resume, { args: [who] });
      await handle.result();
    });
    expect(glue.of('validation')).toEqual(['SUCCEEDED']);
  });

  it('does not promise to keep a Glue run that has ended by a fault of Glue', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, fakeActivities(glue.activities), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      glue.end({ state: 'ERROR', executionSeconds: 1 });
      await seen(handle, 'no Glue run is named', ({ glueRun }) => glueRun === null);
      const { message } = await handle.executeUpdate(updates.pause, { args: [who] });
      expect(message).toBe('Nothing new begins until the run is resumed.');
      await handle.terminate();
    });
  });

  it('is still parked when it is resumed, and takes no decision before', async () => {
    const fake = fakeActivities(archivingFailsOnce());
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await parks(handle);
      await handle.executeUpdate(updates.pause, { args: [who] });
      await expect(handle.executeUpdate(updates.retryStage, { args: [who] })).rejects.toMatchObject({
        cause: { message: expect.stringMatching(/paused, by ada: the source is broken\. Resume it first/) },
      });
      const { message } = await handle.executeUpdate(updates.resume, { args: [who] });
      expect(message).toMatch(/archive_processed_data is parked and still needs an operator/);
      await handle.executeUpdate(updates.retryStage, { args: [who] });
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
  });

  it('stops the Glue run of a parked stage when asked, and runs the stage again once it is retried', async () => {
    const glue = new GlueInHand('validation');
    let looks = 0;
    const fake = fakeActivities({
      ...glue.activities,
      awaitGlueRun: (context, run) => {
        looks += 1;
        return looks === 1
          ? Promise.reject(ApplicationFailure.nonRetryable('GetJobRun denied', 'AccessDenied'))
          : glue.activities.awaitGlueRun(context, run);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await parks(handle);
      await handle.executeUpdate(updates.pause, { args: [who] });
      expect(glue.of('validation')).toEqual(['RUNNING']);
      const stopping = await handle.executeUpdate(updates.pause, { args: [{ ...who, stopGlue: true }] });
      expect(stopping.message).toMatch(/a Glue run that is left is stopped/);
      await until('the Glue run is stopped', () => glue.of('validation')[0] === 'STOPPED');
      await handle.executeUpdate(updates.resume, { args: [who] });
      await handle.executeUpdate(updates.retryStage, { args: [who] });
      await until('a second Glue run', () => glue.runs[1]);
      glue.end();
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
    expect(glue.of('validation')).toEqual(['STOPPED', 'SUCCEEDED']);
  });

  it('stops, when asked, what it had started in the moment in which it was paused', async () => {
    const glue = new GlueInHand('validation');
    let starts = 0;
    let isGivenUp = false;
    const fake = fakeActivities({
      ...glue.activities,
      startGlueRun: async (context, request) => {
        const started = await glue.activities.startGlueRun(context, request);
        starts += 1;
        // The answer is lost with the pause.
        if (starts === 1) await cancelled().finally(() => (isGivenUp = true));
        return started;
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await until('the start is under way', () => glue.runs[0]);
      await handle.executeUpdate(updates.pause, { args: [who] });
      await until('the start is given up', () => isGivenUp);
      await until('the run has learnt of it', async () => {
        const { events = [] } = await handle.fetchHistory();
        const told = events?.findIndex((event) => event.activityTaskCanceledEventAttributes) ?? -1;
        return told >= 0 && events?.slice(told).some((event) => event.workflowTaskCompletedEventAttributes);
      });
      expect(glue.of('validation')).toEqual(['RUNNING']);
      await handle.executeUpdate(updates.pause, { args: [{ ...who, stopGlue: true }] });
      await until('the Glue run is stopped', () => glue.of('validation')[0] === 'STOPPED');
      await handle.executeUpdate(updates.resume, { args: [who] });
      await until('a second Glue run', () => glue.runs[1]);
      glue.end();
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
    expect(glue.of('validation')).toEqual(['STOPPED', 'SUCCEEDED']);
  });

  it('gives an operator the whole time again when it is resumed while it is parked', async () => {
    const fake = fakeActivities({
      // 3.6 s.
      readRunSettings: () => Promise.resolve({ ...ordinarySettings, parkHours: 0.001 }),
      ...archivingFailsOnce(),
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      const before = await parks(handle);
      await handle.executeUpdate(updates.pause, { args: [who] });
      await sleep(2_000);
      await handle.executeUpdate(updates.resume, { args: [who] });
      const { parked } = await seen(handle, 'parked again', ({ status }) => status === 'NeedsOperator');
      const later = Date.parse(parked?.until ?? '') - Date.parse(before.parked?.until ?? '');
      expect(later).toBeGreaterThanOrEqual(2_000);
      await until('the time of before is over', () => Date.now() > Date.parse(before.parked?.until ?? ''));
      await handle.executeUpdate(updates.retryStage, { args: [who] });
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
  });

  it('takes the same message twice, from two operators at once and by signal, as one', async () => {
    const glue = new GlueInHand('validation');
    await withWorker(server.env, fakeActivities(glue.activities), async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await glueWorks(handle);
      await Promise.all([
        handle.executeUpdate(updates.pause, { args: [who] }),
        handle.executeUpdate(updates.pause, { args: [{ ...who, by: 'grace' }] }),
        handle.signal(signals.pause, who),
      ]);
      expect(await handle.query(statusQuery)).toMatchObject({ status: 'Paused' });
      await handle.signal(signals.resume, who);
      await seen(handle, 'running', ({ status }) => status === 'Running');
      await handle.signal(signals.resume, who);
      glue.end();
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
    expect(glue.of('validation')).toEqual(['SUCCEEDED']);
  });
});
