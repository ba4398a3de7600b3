/** Which runs may go on, whatever the order of events. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { executable, releasable, type Queued } from '../../local/glue/scheduler.ts';
import { jobSchema, runRecordSchema, type JobRunState } from '../../local/glue/model.ts';

function queued(
  jobName: string,
  state: JobRunState,
  more: Partial<Omit<Queued, 'record'>> = {},
  limit = 1,
): Queued {
  const job = jobSchema.parse({
    Name: jobName,
    Role: 'r',
    Command: { Name: 'glueetl', ScriptLocation: 's3://b/k' },
    CreatedOn: 0,
    LastModifiedOn: 0,
    ExecutionProperty: { MaxConcurrentRuns: limit },
    MaxRetries: 0,
    Timeout: 1,
    GlueVersion: '5.1',
  });
  const record = runRecordSchema.parse({
    version: 1,
    job,
    sequence: 1,
    run: {
      Id: 'jr_1',
      Attempt: 0,
      JobName: jobName,
      JobRunQueuingEnabled: true,
      StartedOn: 0,
      LastModifiedOn: 0,
      JobRunState: state,
      PredecessorRuns: [],
      ExecutionTime: 0,
      Timeout: 1,
      LogGroupName: '/aws-glue/jobs',
      GlueVersion: '5.1',
    },
  });
  return {
    record,
    held: false,
    execution: state === 'RUNNING' || state === 'STOPPING' ? 'begun' : undefined,
    plan: { takesSlot: true },
    ...more,
  };
}

describe('a waiting run is released', () => {
  it('in order, as far as its job has room', () => {
    const live = [
      queued('a', 'RUNNING', {}, 2),
      queued('a', 'WAITING', {}, 2),
      queued('a', 'WAITING', {}, 2),
    ];
    expect(releasable(live)).toEqual([live[1]]);
  });

  it('whatever other jobs do', () => {
    const live = [queued('a', 'RUNNING'), queued('a', 'WAITING'), queued('b', 'WAITING')];
    expect(releasable(live)).toEqual([live[2]]);
  });

  it('not while one of its job is still stopping, nor while it is held', () => {
    expect(releasable([queued('a', 'STOPPING'), queued('a', 'WAITING')])).toEqual([]);
    expect(releasable([queued('a', 'WAITING', { held: true })])).toEqual([]);
  });
});

describe('a starting run is executed', () => {
  it('when a slot is free, oldest first', () => {
    const live = [queued('a', 'RUNNING'), queued('b', 'STARTING'), queued('c', 'STARTING')];
    expect(executable(live, 1)).toEqual([]);
    expect(executable(live, 2)).toEqual([live[1]]);
  });

  it('at once when it takes none', () => {
    const live = [
      queued('a', 'RUNNING'),
      queued('b', 'STARTING'),
      queued('c', 'STARTING', { plan: { takesSlot: false } }),
    ];
    expect(executable(live, 1)).toEqual([live[2]]);
  });

  it('only once', () => {
    expect(executable([queued('a', 'STARTING', { execution: 'begun' })], 5)).toEqual([]);
  });
});

it('limits are never exceeded', () => {
  const run = fc.record({
    job: fc.constantFrom('a', 'b', 'c'),
    state: fc.constantFrom<JobRunState>('WAITING', 'STARTING', 'RUNNING', 'STOPPING'),
    held: fc.boolean(),
    plan: fc.record({ takesSlot: fc.boolean() }),
  });
  fc.assert(
    fc.property(
      fc.array(run, { maxLength: 20 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      (runs, slots, limit) => {
        const live = runs.map(({ job, state, ...more }) => queued(job, state, more, limit));
        const busy = live.filter((one) => one.execution !== undefined && one.plan.takesSlot).length;
        const chosen = executable(live, slots);
        const taking = chosen.filter(({ plan }) => plan.takesSlot).length;
        expect(taking).toBeLessThanOrEqual(Math.max(0, slots - busy));
        const released = releasable(live);
        for (const name of ['a', 'b', 'c']) {
          const before = live.filter(
            ({ record }) => record.run.JobName === name && record.run.JobRunState !== 'WAITING',
          ).length;
          const added = released.filter(({ record }) => record.run.JobName === name).length;
          expect(added).toBeLessThanOrEqual(Math.max(0, limit - before));
        }
      },
    ),
  );
});
