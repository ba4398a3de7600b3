/** Runs that can't all go on at once: the job's limit, queuing, the machine's slots. */
import { BatchStopJobRunCommand } from '@aws-sdk/client-glue';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGlueUnderTest, type GlueUnderTest } from './support/glue-server.ts';

let glue: GlueUnderTest;
beforeAll(async () => {
  glue = await startGlueUnderTest({ slots: 2, stopGraceMs: 500 });
});
afterAll(() => glue.close());

describe('queuing', () => {
  it('keeps a run WAITING with the reason until one of its job has ended', async () => {
    const job = await glue.define('sleep 0.4', { JobRunQueuingEnabled: true });
    const first = await glue.start(job);
    const second = await glue.start(job);
    const waiting = await glue.run(job, second);
    expect(waiting).toMatchObject({ JobRunState: 'WAITING', JobRunQueuingEnabled: true });
    expect(waiting.StateDetail).toMatch(/maximum concurrent runs/);
    await glue.when(job, first, 'SUCCEEDED');
    const run = await glue.when(job, second, 'SUCCEEDED');
    expect(run).not.toHaveProperty('StateDetail');
  });

  it('can be asked for by one run only', async () => {
    const job = await glue.define('sleep 0.3');
    const first = await glue.start(job);
    await expect(glue.start(job)).rejects.toThrow(/Concurrent runs exceeded/);
    const second = await glue.start(job, { JobRunQueuingEnabled: true });
    expect((await glue.run(job, second)).JobRunState).toBe('WAITING');
    await glue.when(job, first, 'SUCCEEDED');
    await glue.when(job, second, 'SUCCEEDED');
  });

  it('lets runs go in the order of their starts', async () => {
    const job = await glue.define('sleep 0.1', { JobRunQueuingEnabled: true });
    const ids = [await glue.start(job), await glue.start(job), await glue.start(job)];
    const ended = await Promise.all(ids.map((id) => glue.when(job, id, 'SUCCEEDED')));
    const times = ended.map((run) => run.CompletedOn?.getTime() ?? NaN);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('ends a waiting run at once when it is stopped', async () => {
    const job = await glue.define('sleep 60', { JobRunQueuingEnabled: true });
    const ids = [await glue.start(job), await glue.start(job)];
    await glue.client.send(new BatchStopJobRunCommand({ JobName: job, JobRunIds: ids }));
    expect((await glue.run(job, ids[1] ?? '')).JobRunState).toBe('STOPPED');
    await glue.when(job, ids[0] ?? '', 'STOPPED');
  });
});

it('a started run stays STARTING until a slot is free, whichever job has it', async () => {
  const [one, two, three] = [
    await glue.define('sleep 0.5'),
    await glue.define('sleep 0.5'),
    await glue.define('true'),
  ];
  const ids = [await glue.start(one), await glue.start(two)];
  await glue.when(one, ids[0] ?? '', 'RUNNING');
  await glue.when(two, ids[1] ?? '', 'RUNNING');
  const last = await glue.start(three);
  expect((await glue.run(three, last)).JobRunState).toBe('STARTING');
  await glue.when(three, last, 'SUCCEEDED');
  await glue.when(two, ids[1] ?? '', 'SUCCEEDED');
});
