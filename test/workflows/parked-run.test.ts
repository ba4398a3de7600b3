import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { signals, statusQuery, timelineQuery, updates } from '../../workflows/pipeline/messages.ts';
import type { ScriptFiles } from '../../pipeline/activity-types.ts';
import type { GateVerdict } from '../../pipeline/quality.ts';
import type { CommandName, RunStatus } from '../../workflows/pipeline/messages.ts';
import {
  archiveMismatch,
  archivingFailsOnce,
  fakeActivities,
  ordinarySettings,
  succeeded,
} from '../support/fakes/fake-activities.ts';
import { withWorker } from '../support/temporal/pipeline-worker.ts';
import { foundBy } from '../support/temporal/search-attributes.ts';
import { seen, startRun } from '../support/temporal/started-run.ts';
import type { Handle } from '../support/temporal/started-run.ts';
import { devServer } from '../support/suites/dev-server.ts';

const who = { by: 'ada', reason: 'seen to it' };
const outOfMemory = {
  state: 'FAILED',
  errorMessage: 'java.lang.OutOfMemoryError: Java heap space',
  executionSeconds: 9,
};

async function reaches(handle: Handle, status: RunStatus['status']): Promise<RunStatus> {
  return await seen(handle, `the run is ${status}`, (answer) => answer.status === status);
}

describe('a run that waits for an operator', () => {
  const server = devServer();

  it('parks when a Glue run is out of memory, and retries with larger workers as a new round', async () => {
    const requests: { token: string; overrides: object }[] = [];
    let runs = 0;
    const fake = fakeActivities({
      startGlueRun: (_context, { stage, token, overrides }) => {
        if (stage === 'validation') requests.push({ token, overrides });
        return Promise.resolve({
          jobName: stage,
          jobRunId: `jr_${stage}`,
          adopted: false,
          timeoutMinutes: 10,
        });
      },
      awaitGlueRun: (_context, { jobName }) => {
        runs += jobName === 'validation' ? 1 : 0;
        return Promise.resolve(jobName === 'validation' && runs === 1 ? outOfMemory : succeeded);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      const { parked, commands } = await reaches(handle, 'NeedsOperator');
      expect(parked).toMatchObject({ stage: 'validation', round: 1, failure: { type: 'GlueOutOfMemory' } });
      expect(commands).toEqual(['retryStage', 'pause', 'emergencyShutdown', 'abort']);
      const overrides = { workerType: 'G.2X', numberOfWorkers: 4 } as const;
      const answer = await handle.executeUpdate(updates.retryStage, { args: [{ ...who, overrides }] });
      expect(answer.message).toBe('validation runs again, round 2.');
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
      const timeline = await handle.query(timelineQuery);
      const steps = timeline.filter(({ what }) => what.startsWith('RJOB-'));
      expect(steps.map(({ what }) => what)).toEqual([
        expect.stringMatching(/^RJOB-1: validation parked: GlueOutOfMemory: /),
        'RJOB-3: retryStage with workerType G.2X, numberOfWorkers 4',
        'RJOB-4: validation: round 2',
        expect.stringMatching(/^RJOB-5: validation: done, /),
      ]);
      expect(steps[1]).toMatchObject(who);
      expect(requests[0]?.token).toMatch(/\/validation\/1$/);
      expect(requests[1]).toMatchObject({ token: expect.stringMatching(/\/validation\/2$/), overrides });
    });
  });

  it('asks in every round for the scripts that the run began with, where it knows them', async () => {
    const filesOf = (script: string): ScriptFiles => ({ script: `${script}-A`, library: 'library-A' });
    const asked: unknown[] = [];
    const fake = fakeActivities({
      verifyGlueScripts: () =>
        Promise.resolve({
          digests: { validate_data: 'v', compute_kpis: 'c', load_dynamodb: 'l' },
          files: {
            validate_data: filesOf('validate'),
            compute_kpis: filesOf('compute'),
            load_dynamodb: filesOf('load'),
          },
          uploaded: 0,
          changedJobs: [],
        }),
      startGlueRun: (_context, { stage, scriptDigest, files }) => {
        asked.push([stage, scriptDigest, files]);
        return Promise.resolve({
          jobName: stage,
          jobRunId: `jr_${stage}`,
          adopted: false,
          timeoutMinutes: 10,
        });
      },
      awaitGlueRun: () => Promise.resolve(asked.length === 1 ? outOfMemory : succeeded),
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await reaches(handle, 'NeedsOperator');
      await handle.executeUpdate(updates.retryStage, { args: [who] });
      await handle.result();
    });
    expect(asked).toEqual([
      ['validation', 'v', filesOf('validate')],
      ['validation', 'v', filesOf('validate')],
      ['kpi_computation', 'c', filesOf('compute')],
      ['dynamodb_load', 'l', filesOf('load')],
    ]);
  });

  it('uses the token again when the end of the Glue run was not seen, so that the run is adopted', async () => {
    const tokens: string[] = [];
    let looks = 0;
    const fake = fakeActivities({
      startGlueRun: (_context, { stage, token }) => {
        if (stage === 'validation') tokens.push(token);
        return Promise.resolve({
          jobName: stage,
          jobRunId: `jr_${stage}`,
          adopted: false,
          timeoutMinutes: 10,
        });
      },
      awaitGlueRun: () => {
        looks += 1;
        if (looks === 1)
          return Promise.reject(ApplicationFailure.nonRetryable('GetJobRun denied', 'AccessDenied'));
        return Promise.resolve(succeeded);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await reaches(handle, 'NeedsOperator');
      await handle.executeUpdate(updates.retryStage, { args: [who] });
      await handle.result();
    });
    expect(tokens).toHaveLength(2);
    expect(tokens[0]).toBe(tokens[1]);
  });

  it("tries again by itself when the failure was Glue's own, in the same round", async () => {
    let ends = 0;
    const fake = fakeActivities({
      awaitGlueRun: () => {
        ends += 1;
        return Promise.resolve(ends === 1 ? { state: 'ERROR', executionSeconds: 1 } : succeeded);
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      expect(await (await startRun(server.env, taskQueue)).result()).toMatchObject({ outcome: 'published' });
    });
    expect(fake.calls.filter((name) => name === 'startGlueRun')).toHaveLength(4);
  });

  it('goes on without a stage that may be skipped', async () => {
    const fake = fakeActivities({ archiveInputs: () => Promise.reject(archiveMismatch) });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      const { parked } = await reaches(handle, 'NeedsOperator');
      expect(parked?.failure.message).toContain('the copy differs');
      await handle.executeUpdate(updates.skipStage, { args: [{ ...who, stage: 'archive_processed_data' }] });
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
  });

  it('publishes what the gate held when an operator approves, and sets it aside when one rejects', async () => {
    const gate: GateVerdict = { verdict: 'hold', reasons: ['6 of 100 rows rejected'] };
    const rows = { delivered: 100, valid: 94, duplicate: 0, rejected: 6, underReview: 0 };
    const replacement = { judgeQuality: () => Promise.resolve({ gate, rows, rejectedFiles: 0 }) };
    const approved = fakeActivities(replacement);
    await withWorker(server.env, approved, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      const { held } = await reaches(handle, 'Held');
      expect(held?.verdict.reasons).toEqual(gate.reasons);
      expect(approved.calls).not.toContain('publishPlays');
      await handle.executeUpdate(updates.approve, { args: [who] });
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
    const rejected = fakeActivities(replacement);
    await withWorker(server.env, rejected, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await reaches(handle, 'Held');
      await handle.executeUpdate(updates.reject, { args: [who] });
      expect(await handle.result()).toMatchObject({ outcome: 'rejected', days: [] });
      expect(await foundBy(handle)).toMatchObject({ status: 'Rejected' });
    });
    expect(rejected.calls).toContain('quarantineInputs');
    expect(rejected.calls).not.toContain('publishPlays');
  });

  it('ends as failed, and is never parked, when nobody decides in time what the gate held', async () => {
    const gate: GateVerdict = { verdict: 'hold', reasons: ['6 of 100 rows rejected'] };
    const rows = { delivered: 100, valid: 94, duplicate: 0, rejected: 6, underReview: 0 };
    const fake = fakeActivities({
      readRunSettings: () => Promise.resolve({ ...ordinarySettings, parkHours: 0.0003 }),
      judgeQuality: () => Promise.resolve({ gate, rows, rejectedFiles: 0 }),
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'ParkExpired', message: expect.stringMatching(/held at the quality gate/) },
      });
      expect(await foundBy(handle)).toMatchObject({ status: 'Failed' });
      const timeline = await handle.query(timelineQuery);
      expect(timeline.map(({ what }) => what).join('\n')).not.toContain('parked');
    });
    expect(fake.calls).not.toContain('publishPlays');
  });

  it('follows a signal as it follows an update, and ignores one that makes no sense', async () => {
    const fake = fakeActivities(archivingFailsOnce());
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await reaches(handle, 'NeedsOperator');
      await handle.signal(signals.approve, who);
      await handle.signal('retryStage', 'not an object');
      await handle.signal(signals.retryStage, { ...who, run: 'another-run' });
      expect((await handle.query(statusQuery)).status).toBe('NeedsOperator');
      await handle.signal(signals.retryStage, { ...who, runId: handle.firstExecutionRunId });
      expect(await handle.result()).toMatchObject({ outcome: 'published' });
    });
    expect(fake.calls.filter((name) => name === 'archiveInputs')).toHaveLength(2);
  });

  it.each<[string, CommandName, object, RegExp]>([
    ['a command without a reason', 'retryStage', { by: 'ada' }, /reason/],
    ['an unknown field', 'abort', { ...who, force: true }, /force/],
    ['another run', 'abort', { ...who, run: 'other-run' }, /for other-run; this is/],
    ['another execution', 'abort', { ...who, runId: 'other-id' }, /for execution other-id; this is/],
    [
      'another stage',
      'retryStage',
      { ...who, stage: 'validation' },
      /validation is not parked; archive_processed_data is/,
    ],
    ['an approval', 'approve', who, /not held at the quality gate/],
  ])('refuses %s and says why, without an effect', async (_what, name, args, message) => {
    const fake = fakeActivities({ archiveInputs: () => Promise.reject(archiveMismatch) });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await reaches(handle, 'NeedsOperator');
      await expect(handle.executeUpdate(name, { args: [args] })).rejects.toMatchObject({
        cause: { message: expect.stringMatching(message) },
      });
      expect((await handle.query(statusQuery)).status).toBe('NeedsOperator');
      await handle.terminate();
    });
  });

  it('ends as failed, with who and why in its record too, when an operator aborts it', async () => {
    const records: unknown[] = [];
    const fake = fakeActivities({
      archiveInputs: () => Promise.reject(archiveMismatch),
      recordEarlyEnd: (_context, { record }) => {
        records.push(record);
        return Promise.resolve();
      },
    });
    await withWorker(server.env, fake, async (taskQueue) => {
      const handle = await startRun(server.env, taskQueue);
      await reaches(handle, 'NeedsOperator');
      await handle.executeUpdate(updates.abort, { args: [who] });
      await expect(handle.result()).rejects.toMatchObject({
        cause: { type: 'RunAborted', message: 'Aborted by ada: seen to it' },
      });
      expect(await foundBy(handle)).toMatchObject({ status: 'Aborted' });
    });
    expect(records).toEqual([{ outcome: 'aborted', why: 'Aborted by ada: seen to it' }]);
  });
});
