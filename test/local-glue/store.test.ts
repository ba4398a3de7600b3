/** History on disk: what is kept, and for how long. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { epochSeconds, runRecordSchema, type JobRunState, type RunRecord } from '../../local/glue/model.ts';
import { Store } from '../../local/glue/store.ts';

const DAY = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 0, 1);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-glue-store-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function record(store: Store, startedOn: number, JobRunState: JobRunState = 'SUCCEEDED'): RunRecord {
  const sequence = store.nextSequence();
  const time = epochSeconds(startedOn);
  const limits = { GlueVersion: '5.1', Timeout: 1 };
  return runRecordSchema.parse({
    version: 1,
    sequence,
    job: {
      ...limits,
      Name: 'job',
      Role: 'r',
      Command: { Name: 'glueetl', ScriptLocation: 's3://b/k' },
      CreatedOn: time,
      LastModifiedOn: time,
      ExecutionProperty: { MaxConcurrentRuns: 1 },
      MaxRetries: 0,
    },
    run: {
      ...limits,
      Id: `jr_${sequence}`,
      Attempt: 0,
      JobName: 'job',
      JobRunQueuingEnabled: false,
      StartedOn: time,
      LastModifiedOn: time,
      JobRunState,
      PredecessorRuns: [],
      ExecutionTime: 0,
      LogGroupName: '/aws-glue/jobs',
    },
  });
}

it('runs come back in the order of their starts, and numbering goes on', () => {
  const store = new Store(folder, NOW);
  for (let count = 0; count < 12; count += 1) store.saveRun(record(store, NOW));
  const again = new Store(folder, NOW);
  expect(again.runs().map(({ run }) => run.Id)).toEqual(store.runs().map(({ run }) => run.Id));
  expect(again.nextSequence()).toBe(13);
});

it('runs of more than a year ago are forgotten, but not one that has not ended', () => {
  const store = new Store(folder, NOW);
  const runs = [
    record(store, NOW - 400 * DAY),
    record(store, NOW - 400 * DAY, 'WAITING'),
    record(store, NOW - 364 * DAY),
  ];
  runs.forEach((run) => {
    store.saveRun(run);
  });
  expect(new Store(folder, NOW).runs().map(({ run }) => run.Id)).toEqual(['jr_2', 'jr_3']);
  expect(readdirSync(join(folder, 'runs')).sort()).toEqual(['jr_2.json', 'jr_3.json']);
});

it('history does not grow without bound', () => {
  const store = new Store(folder, NOW);
  for (let count = 0; count < 5010; count += 1) store.saveRun(record(store, NOW));
  expect(store.runs()).toHaveLength(5000);
  expect(store.runs()[0]?.run.Id).toBe('jr_11');
  expect(readdirSync(join(folder, 'runs'))).toHaveLength(5000);
});
