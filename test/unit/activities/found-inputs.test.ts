/** What a run takes for a delivery, and what it leaves of a file that it refuses. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { keyRecordOf } from '../../../activities/storage/claims.ts';
import { createArchiveActivities } from '../../../activities/storage/archive.ts';
import { createInputActivities } from '../../../activities/storage/inputs.ts';
import { createStateActivities } from '../../../activities/storage/state.ts';
import type { Owner } from '../../../pipeline/inputs.ts';
import { layout } from '../../../pipeline/layout.ts';
import { ordinarySettings } from '../../support/fakes/fake-activities.ts';
import { MemoryBucket } from '../../support/fakes/memory-bucket.ts';

const owner = { run: 'run-1', workflowId: 'run', originalRunId: 'first' };
const context = { owner, settings: ordinarySettings };
const none = { files: 1, rows: 1, unusable: 0 };
const given = {
  reference: { version: 'v', songs: none, users: none, firstBad: [] },
  now: '2026-01-01T00:00:00Z',
};

/** Says nothing of the attempt that fails: it is meant to. */
const environment = (): MockActivityEnvironment =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

describe('a run', () => {
  const run = async <A extends unknown[], R>(activity: (...args: A) => Promise<R>, ...args: A): Promise<R> =>
    await environment().run(activity as (...all: unknown[]) => Promise<R>, ...args);
  let bucket: MemoryBucket;
  let ended: string[];
  let asked: (readonly Owner[])[];
  const closedRuns = (owners: readonly Owner[]): Promise<string[]> => {
    asked.push(owners);
    return Promise.resolve(ended);
  };
  beforeEach(() => {
    bucket = new MemoryBucket();
    ended = [];
    asked = [];
  });

  it('passes over markers, counts the hidden ones, and takes plays under a key that ends in a slash', async () => {
    bucket.put('streams/', '');
    bucket.put('streams/folder/', '');
    bucket.put('streams/_committed_1', '{}');
    bucket.put('streams/_started_1', '');
    bucket.put('streams/.hidden/plays.csv', 'plays');
    const { findNewStreams, prepareData } = createInputActivities(bucket.systems, closedRuns);
    expect(await run(findNewStreams, context, {})).toEqual({ files: 0, bytes: 0, left: 0, hidden: 3 });
    bucket.put('streams/plays/', 'plays');
    expect(await run(findNewStreams, context, {})).toEqual({ files: 1, bytes: 5, left: 0, hidden: 3 });
    await run(prepareData, context, given);
    const { archiveInputs } = createArchiveActivities(bucket.systems);
    expect(await run(archiveInputs, context, { now: given.now })).toMatchObject({ archived: 1, kept: 0 });
    expect(bucket.text('archived/2026/01/01/run=run-1/streams/plays/')).toBe('plays');
    expect(bucket.keys('streams/plays')).toEqual([]);
  });

  it('says of an input that was named why a hidden one is not there', async () => {
    bucket.put('streams/_plays.csv', 'plays');
    const { findNewStreams } = createInputActivities(bucket.systems, closedRuns);
    await expect(run(findNewStreams, context, { inputs: ['_plays.csv'] })).rejects.toMatchObject({
      type: 'InputInvalid',
      message: expect.stringContaining('a name that Hadoop calls hidden'),
    });
  });

  it('takes files over from runs that have ended, leaves those of others, and asks once', async () => {
    for (let at = 0; at < 15; at += 1) {
      const key = `streams/${at}.csv`;
      bucket.put(key, String(at));
      const pending = { run: `r${at}`, workflowId: 'w', originalRunId: 'f' };
      bucket.put(keyRecordOf(key), JSON.stringify({ version: 1, key, pending }));
    }
    ended = ['r3', 'r7'];
    const { findNewStreams, prepareData } = createInputActivities(bucket.systems, closedRuns);
    await run(findNewStreams, context, {});
    expect(await run(prepareData, context, given)).toMatchObject({ toValidate: 2, deferred: 13 });
    expect(asked.map((owners) => owners.length)).toEqual([15]);
  });

  it('leaves all days in its record, when it ends early too', async () => {
    const days = Array.from({ length: 300 }, (_, at) => ({
      day: new Date(at * 86_400_000).toISOString().slice(0, 10),
      edition: 1,
    }));
    bucket.put(
      layout.runRecord('run-1', 'published-days'),
      JSON.stringify({ version: 1, run: 'run-1', days }),
    );
    bucket.put('temporary/run=run-1/inputs/0', 'staged');
    const { recordEarlyEnd, updateProcessingState } = createStateActivities(bucket.systems);
    const record = (): unknown => JSON.parse(bucket.text(layout.runRecord('run-1', 'record')) ?? '');
    const aborted = { outcome: 'aborted', why: 'ada' };
    await run(recordEarlyEnd, context, { now: given.now, record: aborted });
    expect(record()).toMatchObject({ ...aborted, days });
    expect(bucket.keys('temporary/')).toHaveLength(1);
    await run(updateProcessingState, context, { now: given.now, record: { outcome: 'published' } });
    expect(record()).toMatchObject({ outcome: 'published', days });
    expect(record()).not.toHaveProperty('why');
    expect(bucket.keys('temporary/')).toEqual([]);
  });
});
