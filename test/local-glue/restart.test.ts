/** What outlives the server: definitions, history, the queue; and what must not: processes. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetJobCommand, GetJobRunsCommand } from '@aws-sdk/client-glue';
import { afterEach, expect, it } from '@jest/globals';
import { stillOurs, startOf } from '../../local/glue/processes.ts';
import { startGlueUnderTest, type GlueUnderTest } from './support/glue-server.ts';

let open: GlueUnderTest[] = [];
afterEach(async () => {
  await Promise.all(open.map((glue) => glue.close()));
  open = [];
});

async function started(folder?: string): Promise<GlueUnderTest> {
  const glue = await startGlueUnderTest({ slots: 1, stopGraceMs: 300 }, folder);
  open.push(glue);
  return glue;
}

/** Ends the server in an orderly way and starts the next one on its folder. */
async function restarted(glue: GlueUnderTest): Promise<GlueUnderTest> {
  open = open.filter((other) => other !== glue);
  const next = await glue.restarted();
  open.push(next);
  return next;
}

/**
 * Starts a server on what another one's folder is at this moment: for the new one the old one has died without a chance to clean
 * up, and its runs' processes live.
 */
async function afterCrashOf(glue: GlueUnderTest): Promise<GlueUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'local-glue-crashed-'));
  cpSync(glue.dir, folder, { recursive: true });
  rmSync(join(folder, 'server.json'));
  return started(folder);
}

it('jobs and history are there after a restart, and numbering goes on', async () => {
  const before = await started();
  const job = await before.define('true', { Description: 'kept' });
  const first = await before.start(job);
  await before.when(job, first, 'SUCCEEDED');
  const after = await restarted(before);
  const { Job } = await after.client.send(new GetJobCommand({ JobName: job }));
  expect(Job?.Description).toBe('kept');
  const second = await after.start(job);
  const { JobRuns } = await after.client.send(new GetJobRunsCommand({ JobName: job }));
  expect(JobRuns?.map((run) => run.Id)).toEqual([second, first]);
  await after.when(job, second, 'SUCCEEDED');
});

it('an orderly shutdown ends what runs, and leaves what is queued for the next server', async () => {
  const before = await started();
  const running = await before.define('echo $$; sleep 60');
  const queued = await before.define('true');
  const [one, two] = [await before.start(running), await before.start(queued)];
  await before.when(running, one, 'RUNNING');
  const after = await restarted(before);
  const lost = await after.run(running, one);
  expect(lost.JobRunState).toBe('FAILED');
  expect(lost.ErrorMessage).toMatch(/local Glue server was shut down/);
  await after.when(queued, two, 'SUCCEEDED');
});

it('after a crash a run that was under way has failed, and its processes are gone', async () => {
  const crashed = await started();
  const job = await crashed.define("trap '' TERM; echo $$; sleep 60");
  const id = await crashed.start(job);
  await crashed.when(job, id, 'RUNNING');
  const lines = crashed.logs.get(`/aws-glue/jobs/output ${id}`) ?? [];
  while (lines.length === 0) await sleep(10);

  const next = await afterCrashOf(crashed);
  const run = await next.run(job, id);
  expect(run.JobRunState).toBe('FAILED');
  expect(run.ErrorMessage).toMatch(/local Glue server restarted/);
  expect(run.CompletedOn).toBeInstanceOf(Date);
  expect(() => process.kill(Number(lines[0]), 0)).toThrow(/ESRCH/);
  expect(readdirSync(join(next.dir, 'work'))).toEqual([]);
});

it('after a crash a queued run is queued again', async () => {
  const crashed = await started();
  const busy = await crashed.define('sleep 60');
  const job = await crashed.define('echo again');
  const [first, second] = [await crashed.start(busy), await crashed.start(job)];
  await crashed.when(busy, first, 'RUNNING');
  const next = await afterCrashOf(crashed);
  crashed.scripts.forEach((script, uri) => next.scripts.set(uri, script));
  await next.when(job, second, 'SUCCEEDED');
});

it('a process that has got the number of an ended one is left alone', () => {
  const startedAt = startOf(process.pid) ?? '';
  expect(stillOurs({ id: process.pid, startedAt }, 'jr_1')).toBe(true);
  expect(stillOurs({ id: process.pid, startedAt: 'long before' }, 'jr_1')).toBe(false);
});

it('a file that can not be read is named, and the server does not start over it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'local-glue-spoilt-'));
  mkdirSync(join(folder, 'jobs'));
  writeFileSync(join(folder, 'jobs', 'spoilt.json'), '{"version":1');
  await expect(startGlueUnderTest({}, folder)).rejects.toThrow(/spoilt\.json can't be read/);
  rmSync(folder, { recursive: true });
});

it('a second server is refused on the folder of a living one', async () => {
  const glue = await started();
  await expect(startGlueUnderTest({}, glue.dir)).rejects.toThrow(/is a local Glue on .* already/);
});
