/** Faults on request: scripted outcomes of runs, and API calls that fail, hang or get lost. */
import {
  BatchStopJobRunCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  GlueClient,
  StartJobRunCommand,
} from '@aws-sdk/client-glue';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ENDED, startGlueUnderTest, type GlueUnderTest } from './support/glue-server.ts';

let glue: GlueUnderTest;
beforeAll(async () => {
  glue = await startGlueUnderTest({ slots: 1, stopGraceMs: 300 });
});
afterEach(() => fetch(`${glue.endpoint}/_local/faults`, { method: 'DELETE' }));
afterAll(() => glue.close());

describe('a scripted outcome', () => {
  it.each([
    ['SUCCEEDED', {}, undefined],
    ['FAILED', { errorMessage: 'no plays' }, 'no plays'],
    [
      'FAILED',
      { category: 'OUT_OF_MEMORY_ERROR', line: 42, errorMessage: 'Java heap space' },
      'Error Category: OUT_OF_MEMORY_ERROR; Failed Line Number: 42; Java heap space',
    ],
    ['TIMEOUT', {}, undefined],
    ['ERROR', { errorMessage: 'Internal service error' }, 'Internal service error'],
    ['EXPIRED', {}, undefined],
    ['STOPPED', {}, undefined],
  ])('ends a run as %s without its script', async (state, more, message) => {
    const job = await glue.define('echo ran');
    await glue.addFaults({ kind: 'run', job, end: { state, ...more } });
    const id = await glue.start(job);
    const run = await glue.when(job, id, ...ENDED);
    expect(run).toMatchObject({ JobRunState: state });
    expect(run.ErrorMessage).toBe(message);
    expect(glue.logs.has(`/aws-glue/jobs/output ${id}`)).toBe(false);
  });

  it('takes its time, and no slot', async () => {
    const job = await glue.define('true');
    const real = await glue.define('true');
    await glue.addFaults({ kind: 'run', job, end: { state: 'SUCCEEDED', afterMs: 400 } });
    const id = await glue.start(job);
    await glue.when(job, id, 'RUNNING');
    await glue.when(real, await glue.start(real), 'SUCCEEDED');
    expect((await glue.run(job, id)).JobRunState).toBe('RUNNING');
    await glue.when(job, id, 'SUCCEEDED');
  });

  it('writes what the script would have written, with the values of the run', async () => {
    const job = await glue.define('true');
    const body = { jobRunId: '${JOB_RUN_ID}', run: '${args.run_id}', rows: 3 };
    const uri = '${args.report_prefix}${JOB_RUN_ID}.json';
    await glue.addFaults({ kind: 'run', job, end: { state: 'SUCCEEDED', writes: [{ uri, body }] } });
    const Arguments = { '--report_prefix': 's3://bucket/reports/', '--run_id': 'run "7"' };
    const id = await glue.start(job, { Arguments });
    await glue.when(job, id, 'SUCCEEDED');
    const report: unknown = JSON.parse(glue.written.get(`bucket/reports/${id}.json`) ?? '');
    expect(report).toEqual({ jobRunId: id, run: 'run "7"', rows: 3 });
  });

  it('that can not be written is an ERROR that says so', async () => {
    const job = await glue.define('true');
    const writes = [{ uri: 's3://bucket/${args.missing}', body: '' }];
    await glue.addFaults({ kind: 'run', job, end: { state: 'SUCCEEDED', writes } });
    const run = await glue.when(job, await glue.start(job), ...ENDED);
    expect(run.JobRunState).toBe('ERROR');
    expect(run.ErrorMessage).toContain('there is no value for ${args.missing}');
  });

  it('is for the runs that are asked for: by job, by argument, by number', async () => {
    const job = await glue.define('true', { ExecutionProperty: { MaxConcurrentRuns: 9 } });
    const end = { state: 'FAILED' };
    await glue.addFaults({
      kind: 'run',
      job: `${job.slice(0, -1)}*`,
      arguments: { '--stage': 'kpi*' },
      skip: 1,
      times: 1,
      end,
    });
    const states: (string | undefined)[] = [];
    for (const stage of ['validation', 'kpi', 'kpi_computation', 'kpi']) {
      const id = await glue.start(job, { Arguments: { '--stage': stage } });
      states.push((await glue.when(job, id, ...ENDED)).JobRunState);
    }
    expect(states).toEqual(['SUCCEEDED', 'SUCCEEDED', 'FAILED', 'SUCCEEDED']);
  });

  it('can be stopped while it runs', async () => {
    const job = await glue.define('true');
    await glue.addFaults({ kind: 'run', job, end: { state: 'SUCCEEDED', afterMs: 60_000 } });
    const id = await glue.start(job);
    await glue.when(job, id, 'RUNNING');
    await glue.client.send(new BatchStopJobRunCommand({ JobName: job, JobRunIds: [id] }));
    await glue.when(job, id, 'STOPPED');
  });
});

describe('a run can be kept', () => {
  it('WAITING', async () => {
    const job = await glue.define('true');
    await glue.addFaults({ kind: 'run', job, waitingMs: 300 });
    const id = await glue.start(job);
    const run = await glue.run(job, id);
    expect(run.JobRunState).toBe('WAITING');
    expect(run.StateDetail).toMatch(/waiting for capacity/);
    await glue.when(job, id, 'SUCCEEDED');
  });

  it('STARTING', async () => {
    const job = await glue.define('true');
    await glue.addFaults({ kind: 'run', job, startingMs: 300 });
    const since = Date.now();
    const id = await glue.start(job);
    expect((await glue.run(job, id)).JobRunState).toBe('STARTING');
    await glue.when(job, id, 'SUCCEEDED');
    expect(Date.now() - since).toBeGreaterThanOrEqual(300);
  });

  it('STOPPING, its script long gone', async () => {
    const job = await glue.define('sleep 60');
    await glue.addFaults({ kind: 'run', job, stoppingMs: 500 });
    const id = await glue.start(job);
    await glue.when(job, id, 'RUNNING');
    const since = Date.now();
    await glue.client.send(new BatchStopJobRunCommand({ JobName: job, JobRunIds: [id] }));
    expect((await glue.run(job, id)).JobRunState).toBe('STOPPING');
    await glue.when(job, id, 'STOPPED');
    expect(Date.now() - since).toBeGreaterThanOrEqual(500);
  });
});

describe('an API call', () => {
  it('is refused so many times, with the error that the SDK knows', async () => {
    const job = await glue.define('true');
    await glue.addFaults({
      kind: 'api',
      operation: 'StartJobRun',
      job,
      times: 2,
      error: { code: 'ThrottlingException', message: 'Rate exceeded' },
    });
    await expect(glue.start(job)).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
    });
    await expect(glue.start(job)).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
    await glue.when(job, await glue.start(job), 'SUCCEEDED');
  });

  it("is got through by the SDK's own retries", async () => {
    const job = await glue.define('true');
    await glue.addFaults({
      kind: 'api',
      operation: 'StartJobRun',
      times: 2,
      error: { code: 'InternalServiceException' },
    });
    const client = new GlueClient({
      region: 'eu-west-1',
      endpoint: glue.endpoint,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      maxAttempts: 3,
    });
    const { JobRunId = '', $metadata } = await client.send(new StartJobRunCommand({ JobName: job }));
    expect($metadata.attempts).toBe(3);
    client.destroy();
    await glue.when(job, JobRunId, 'SUCCEEDED');
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ])('whose answer is lost %s the effect leaves %i runs', async (lose, count) => {
    const job = await glue.define('true');
    await glue.addFaults({ kind: 'api', operation: 'StartJobRun', times: 1, lose });
    await expect(glue.start(job)).rejects.toThrow(/socket hang up|ECONNRESET|EPIPE/);
    const { JobRuns = [] } = await glue.client.send(new GetJobRunsCommand({ JobName: job }));
    expect(JobRuns).toHaveLength(count);
    for (const { Id = '' } of JobRuns) await glue.when(job, Id, 'SUCCEEDED');
  });

  it('is answered late, its effect in time', async () => {
    const job = await glue.define('true');
    await glue.addFaults({ kind: 'api', operation: 'Start*', times: 1, delayMs: 500 });
    const since = Date.now();
    const answer = glue.start(job);
    let runs = 0;
    while (runs === 0 && Date.now() - since < 400) {
      const { JobRuns = [] } = await glue.client.send(new GetJobRunsCommand({ JobName: job }));
      runs = JobRuns.length;
    }
    expect(runs).toBe(1);
    const id = await answer;
    expect(Date.now() - since).toBeGreaterThanOrEqual(500);
    await glue.when(job, id, 'SUCCEEDED');
  });

  it('of another operation or job is not touched', async () => {
    const job = await glue.define('true');
    await glue.addFaults(
      { kind: 'api', operation: 'GetJobRun', error: { code: 'AccessDeniedException' } },
      {
        kind: 'api',
        operation: 'StartJobRun',
        job: 'other',
        error: { code: 'ConcurrentRunsExceededException' },
      },
    );
    const id = await glue.start(job);
    await glue.client.send(new GetJobRunsCommand({ JobName: job }));
    const refused = glue.client.send(new GetJobRunCommand({ JobName: job, RunId: id }));
    await expect(refused).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await fetch(`${glue.endpoint}/_local/faults`, { method: 'DELETE' });
    await glue.when(job, id, 'SUCCEEDED');
  });
});

describe('the control endpoint', () => {
  const faultsUrl = (): string => `${glue.endpoint}/_local/faults`;

  it('lists faults with how often they were applied, and removes one', async () => {
    const job = await glue.define('true');
    const added = await glue.addFaults({ kind: 'run', job, times: 1, end: { state: 'SUCCEEDED' } });
    const { ids } = (await added.json()) as { ids: string[] };
    await glue.when(job, await glue.start(job), 'SUCCEEDED');
    await glue.when(job, await glue.start(job), 'SUCCEEDED');
    expect(await (await fetch(faultsUrl())).json()).toMatchObject({
      faults: [{ id: ids[0], matched: 2, applied: 1 }],
    });
    expect((await fetch(`${faultsUrl()}/${ids[0] ?? ''}`, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(`${faultsUrl()}/${ids[0] ?? ''}`, { method: 'DELETE' })).status).toBe(404);
    expect(await (await fetch(faultsUrl())).json()).toEqual({ faults: [] });
  });

  it('refuses what it does not understand, saying what', async () => {
    const answer = await glue.addFaults({ kind: 'run', end: { state: 'DONE' } });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ message: expect.stringContaining('state') });
    const misspelt = await glue.addFaults({ kind: 'api', operation: 'StartJobRun', tmies: 1 });
    expect(misspelt.status).toBe(400);
  });

  it('takes no faults from a server that was not started for it', async () => {
    const strict = await startGlueUnderTest({ allowFaults: false });
    try {
      expect((await fetch(`${strict.endpoint}/_local/health`)).status).toBe(200);
      const refused = await strict.addFaults({ kind: 'api', operation: 'StartJobRun', lose: 'after' });
      expect(refused.status).toBe(403);
    } finally {
      await strict.close();
    }
  });
});
