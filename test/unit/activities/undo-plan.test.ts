/** Where the plan to undo a shutdown is taken from: the bucket, or the shutdown itself while it has not ended. */
import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createUndoPlanActivities } from '../../../activities/procedures/undo-plan.ts';
import { createShutdownReportActivities } from '../../../activities/storage/shutdown-report.ts';
import type { UndoPlan } from '../../../pipeline/shutdown.ts';
import { ordinarySettings } from '../../support/fakes/fake-activities.ts';
import { MemoryBucket } from '../../support/fakes/memory-bucket.ts';

const context = {
  owner: { run: 'undo-1', workflowId: 'undo', originalRunId: 'r' },
  settings: ordinarySettings,
};
const saved: UndoPlan = {
  ...{ version: 1, shutdown: 's', by: 'ada', reason: 'drill', stoppedAt: '2026-01-01T00:00:00.000Z' },
  ...{ schedules: { paused: ['daily'], pausedBefore: [] }, runs: [], procedures: [], chains: [] },
};
const told: UndoPlan = { ...saved, runs: [{ workflowId: 'late', runId: 'l' }] };
const outdated = ApplicationFailure.nonRetryable('still at work', 'ShutdownAtWork');

async function planFrom(
  written: UndoPlan,
  byStatus: (saved: UndoPlan | undefined) => Promise<UndoPlan | undefined>,
): Promise<UndoPlan> {
  const { systems } = new MemoryBucket();
  const activity = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  await activity.run(createShutdownReportActivities(systems).saveUndoPlan, ordinarySettings, written);
  const { readUndoPlan } = createUndoPlanActivities(systems, (_shutdown, given) => byStatus(given));
  return await activity.run(readUndoPlan, context, { shutdown: 's' });
}

describe('the plan to undo a shutdown', () => {
  it('is the one that was written in the end', async () => {
    expect(await planFrom(saved, () => Promise.reject(outdated))).toEqual(saved);
  });

  it('is not the one that a shutdown has saved on its way, which may have found more since', async () => {
    const early: UndoPlan = { ...saved, unfinished: true };
    await expect(planFrom(early, () => Promise.reject(outdated))).rejects.toMatchObject({
      type: 'ShutdownAtWork',
    });
    expect(await planFrom(early, () => Promise.resolve(told))).toEqual(told);
    expect(await planFrom(early, (given) => Promise.resolve(given))).toEqual(early);
  });
});
