/** Ending runs from outside: stopped on request, or over their time limit. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchStopJobRunCommand, type BatchStopJobRunCommandOutput } from '@aws-sdk/client-glue';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ENDED, startGlueUnderTest, type GlueUnderTest } from './support/glue-server.ts';

/** One minute of a time limit, and what a stopped script has to end by itself. */
const MINUTE = 150;
const GRACE = 300;

let glue: GlueUnderTest;
beforeAll(async () => {
  glue = await startGlueUnderTest({ slots: 1, minuteMs: MINUTE, stopGraceMs: GRACE });
});
afterAll(() => glue.close());

const stop = (JobName: string, ...JobRunIds: string[]): Promise<BatchStopJobRunCommandOutput> =>
  glue.client.send(new BatchStopJobRunCommand({ JobName, JobRunIds }));

/** The process numbers that a script printed, once it has printed so many. */
async function printedPids(runId: string, count: number): Promise<number[]> {
  for (;;) {
    const lines = glue.logs.get(`/aws-glue/jobs/output ${runId}`) ?? [];
    if (lines.length >= count) return lines.map(Number);
    await sleep(10);
  }
}

/** A process that is dead and only waits to be reaped is not alive; without /proc it counts until it is. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('stopping a run', () => {
  it('ends it with all processes that it started', async () => {
    const job = await glue.define('echo $$; sleep 60 & echo $!; wait');
    const id = await glue.start(job);
    const pids = await printedPids(id, 2);
    expect(pids.map(isAlive)).toEqual([true, true]);
    const { SuccessfulSubmissions, Errors } = await stop(job, id);
    expect(SuccessfulSubmissions).toEqual([{ JobName: job, JobRunId: id }]);
    expect(Errors).toEqual([]);
    const run = await glue.when(job, id, ...ENDED);
    expect(run.JobRunState).toBe('STOPPED');
    expect(run).not.toHaveProperty('ErrorMessage');
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  it('shows STOPPING while the script takes its time, and kills what does not end', async () => {
    const job = await glue.define("trap '' TERM; echo $$; while true; do sleep 0.05; done");
    const id = await glue.start(job);
    const [pid = 0] = await printedPids(id, 1);
    await stop(job, id);
    expect((await glue.run(job, id)).JobRunState).toBe('STOPPING');
    const since = Date.now();
    await glue.when(job, id, 'STOPPED');
    expect(Date.now() - since).toBeGreaterThanOrEqual(GRACE - 100);
    expect(isAlive(pid)).toBe(false);
  });

  it('may be asked for twice', async () => {
    const job = await glue.define("trap '' TERM; echo $$; sleep 60");
    const id = await glue.start(job);
    await printedPids(id, 1);
    await stop(job, id);
    expect((await stop(job, id)).SuccessfulSubmissions).toHaveLength(1);
    await glue.when(job, id, 'STOPPED');
  });

  it('that has no slot yet is done at once, and the script is never run', async () => {
    const busy = await glue.define('sleep 60');
    const queued = await glue.define('echo ran');
    const [first, second] = [await glue.start(busy), await glue.start(queued)];
    await glue.when(busy, first, 'RUNNING');
    expect((await glue.run(queued, second)).JobRunState).toBe('STARTING');
    await stop(queued, second);
    expect((await glue.run(queued, second)).JobRunState).toBe('STOPPED');
    await stop(busy, first);
    await glue.when(busy, first, 'STOPPED');
    expect(glue.logs.has(`/aws-glue/jobs/output ${second}`)).toBe(false);
  });

  it('answers for each run that can not be stopped', async () => {
    const job = await glue.define('true');
    const ended = await glue.start(job);
    await glue.when(job, ended, 'SUCCEEDED');
    const { SuccessfulSubmissions, Errors } = await stop(job, ended, 'jr_unknown');
    expect(SuccessfulSubmissions).toEqual([]);
    expect(Errors).toEqual([
      expect.objectContaining({
        JobRunId: ended,
        ErrorDetail: expect.objectContaining({ ErrorCode: 'InvalidInputException' }),
      }),
      expect.objectContaining({
        JobRunId: 'jr_unknown',
        ErrorDetail: expect.objectContaining({ ErrorCode: 'EntityNotFoundException' }),
      }),
    ]);
  });

  it('takes at most 25 at once', async () => {
    const ids = Array.from({ length: 26 }, (_, index) => `jr_${index}`);
    await expect(stop('any', ...ids)).rejects.toThrow(/JobRunIds/);
  });
});

it('a process that has left its group does not hold up the end of the run', async () => {
  const escapee = 'import os, time; os.setsid(); print(os.getpid(), flush=True); time.sleep(60)';
  const job = await glue.define(`/usr/bin/env python3 -c '${escapee}' & sleep 0.5`);
  const id = await glue.start(job);
  const run = await glue.when(job, id, ...ENDED);
  expect(run.JobRunState).toBe('SUCCEEDED');
  const [pid = 0] = await printedPids(id, 1);
  process.kill(pid, 'SIGKILL');
});

describe('the time limit', () => {
  it('ends a run as TIMEOUT, with all of its processes', async () => {
    const job = await glue.define('echo $$; sleep 60', { Timeout: 2 });
    const id = await glue.start(job);
    const [pid = 0] = await printedPids(id, 1);
    const run = await glue.when(job, id, ...ENDED);
    expect(run).toMatchObject({
      JobRunState: 'TIMEOUT',
      ErrorMessage: 'Job run exceeded its timeout of 2 minutes.',
    });
    expect(isAlive(pid)).toBe(false);
  });

  it('does not count the time before the run has a slot', async () => {
    const job = await glue.define(`sleep ${(3 * MINUTE) / 1000}`, {
      ExecutionProperty: { MaxConcurrentRuns: 2 },
    });
    const first = await glue.start(job, { Timeout: 100 });
    const second = await glue.start(job, { Timeout: 4 });
    await glue.when(job, first, 'SUCCEEDED');
    expect((await glue.when(job, second, ...ENDED)).JobRunState).toBe('SUCCEEDED');
  });
});
