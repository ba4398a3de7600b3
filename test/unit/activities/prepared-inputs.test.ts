/** A run that looks for its inputs once more, after it had prepared some. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { findClaims, freeClaim } from '../../../activities/reset/claims.ts';
import { createAdoptionActivities } from '../../../activities/storage/adoption.ts';
import { createInputActivities } from '../../../activities/storage/inputs.ts';
import type { Preparation } from '../../../pipeline/activity-types.ts';
import { ordinarySettings } from '../../support/fakes/fake-activities.ts';
import { MemoryBucket } from '../../support/fakes/memory-bucket.ts';

const owner = { run: 'run-1', workflowId: 'run', originalRunId: 'first' };
const context = { owner, settings: ordinarySettings };
const none = { files: 1, rows: 1, unusable: 0 };
const reference = { version: 'v', songs: none, users: none, firstBad: [] };

const noneClosed = (): Promise<string[]> => Promise.resolve([]);

describe('a run that has prepared its inputs', () => {
  // Says nothing of the attempt that fails: it is meant to.
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  const run = async <A extends unknown[], R>(activity: (...args: A) => Promise<R>, ...args: A): Promise<R> =>
    await environment.run(activity as (...given: unknown[]) => Promise<R>, ...args);
  let bucket: MemoryBucket;
  let prepare: (inputs?: string[]) => Promise<{ found: number; prepared: Preparation }>;
  beforeEach(async () => {
    bucket = new MemoryBucket();
    const { findNewStreams, prepareData } = createInputActivities(bucket.systems, noneClosed);
    prepare = async (inputs) => {
      const found = await run(findNewStreams, context, inputs === undefined ? {} : { inputs });
      const given = { reference, now: '2026-01-01T00:00:00Z' };
      return { found: found.files, prepared: await run(prepareData, context, given) };
    };
    bucket.put('streams/a.csv', 'a');
    bucket.put('streams/b.csv', 'b');
    await prepare(['a.csv']);
  });

  it('goes on with them, also when they have been archived since', async () => {
    bucket.remove('streams/a.csv');
    expect(await prepare()).toMatchObject({ found: 1, prepared: { toValidate: 1 } });
    expect(await prepare(['streams/a.csv'])).toMatchObject({ found: 1, prepared: { toValidate: 1 } });
  });

  it('does not go on with one whose claim a reset has freed, and says so', async () => {
    const bucketOf = bucket.systems.bucket(ordinarySettings.bucket);
    const { adoptInputs } = createAdoptionActivities(bucket.systems, noneClosed);
    await run(async () => {
      for (const claim of await findClaims(bucketOf)) await freeClaim(bucketOf, claim);
    });
    const resumed = { ...context, owner: { ...owner, originalRunId: 'second' } };
    await expect(run(adoptInputs, resumed, {})).rejects.toMatchObject({
      type: 'InputsTaken',
      message: expect.stringMatching(/claim of streams\/a.csv was freed by a reset/),
    });
  });

  it('refuses others, and says what to do', async () => {
    await expect(prepare(['b.csv'])).rejects.toMatchObject({
      type: 'InputInvalid',
      message: expect.stringMatching(/has prepared streams\/a.csv and can't take streams\/b.csv.*abort it/),
    });
  });
});
