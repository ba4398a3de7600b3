/** The pipeline's own activities on a local Glue: one run for each token, whatever becomes of answers, lists and stops. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { GetJobRunsCommand } from '@aws-sdk/client-glue';
import type { JobRun } from '@aws-sdk/client-glue';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { activityCaller } from '../../activities/call.ts';
import { stateOf } from '../../activities/glue/recent-runs.ts';
import { JobRuns } from '../../systems/glue/job-runs.ts';
import { createGlueRunActivities } from '../../activities/glue/job-runs.ts';
import type { GlueJobRequest } from '../../pipeline/activity-types.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { jobNameOf } from '../../pipeline/settings.ts';
import { ordinarySettings } from '../support/fakes/fake-activities.ts';
import { until } from '../support/until.ts';
import { ENDED, startGlueUnderTest, type GlueUnderTest } from './support/glue-server.ts';

/** Failing activities are what many of these tests are about. */
const logger = new DefaultLogger('ERROR');

type GlueActivities = ReturnType<typeof createGlueRunActivities>;

const EXECUTION = { workflowId: 'daily', runId: '11111111' };

let glue: GlueUnderTest;
let activities: GlueActivities;
let job: string;
let context: RunContext;
let made = 0;
/** Looks at the list that see nothing of what has begun. */
let blindLooks = 0;

beforeAll(async () => {
  glue = await startGlueUnderTest({ slots: 1, stopGraceMs: 100 });
  glue.client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const answer = await next(args);
        if (commandName !== 'GetJobRunsCommand' || blindLooks === 0) return answer;
        blindLooks -= 1;
        return { ...answer, output: { ...answer.output, JobRuns: [] } };
      },
    { step: 'initialize' },
  );
});
beforeEach(async () => {
  made += 1;
  blindLooks = 0;
  const pipeline = `p${made}`;
  context = {
    owner: { run: 'r', workflowId: EXECUTION.workflowId, originalRunId: EXECUTION.runId },
    settings: { ...ordinarySettings, pipeline },
  };
  job = await glue.define('true', {
    Name: jobNameOf(pipeline, 'validate_data'),
    ExecutionProperty: { MaxConcurrentRuns: 9 },
  });
  activities = createGlueRunActivities(jobRuns(), 1_500);
  await endless();
});
afterEach(() => noFaults());
afterAll(() => glue.close());

const jobRuns = (): JobRuns => new JobRuns({ glue: glue.client, glueOnce: glue.client }, activityCaller);

const noFaults = (): Promise<unknown> => fetch(`${glue.endpoint}/_local/faults`, { method: 'DELETE' });

/** Runs of the job work longer than any test. */
async function endless(more: object = {}): Promise<void> {
  await noFaults();
  await glue.addFaults({ kind: 'run', job, ...more, end: { state: 'SUCCEEDED', afterMs: 60_000 } });
}

function tokenOf(round: number): string {
  return `${EXECUTION.workflowId}/${EXECUTION.runId}/validation/${round}`;
}

function requestOf(given: Partial<GlueJobRequest> = {}): GlueJobRequest {
  const { overrides = {}, ...rest } = given;
  const files = { script: 'scripts/validate_data.py', library: 'scripts/library.zip' };
  const work = { stage: 'validation', script: 'validate_data', scriptDigest: 'd', plan: 'p' } as const;
  return { ...work, files, token: tokenOf(1), tokenUsed: false, overrides, ...rest };
}

function environment(attempt = 1): MockActivityEnvironment {
  return new MockActivityEnvironment({ attempt, workflowExecution: EXECUTION }, { logger });
}

async function start(
  given?: Partial<GlueJobRequest>,
  attempt?: number,
): ReturnType<GlueActivities['startGlueRun']> {
  return await environment(attempt).run(activities.startGlueRun, context, requestOf(given));
}

/** What so many attempts fail with, each of which is handed what the one before left in its heartbeat. */
async function attempts(count: number): Promise<{ nonRetryable: boolean; type: string }[]> {
  const failures = [];
  let heartbeatDetails: unknown;
  for (let attempt = 1; attempt <= count; attempt += 1) {
    const info = { attempt: 1, workflowExecution: EXECUTION, heartbeatDetails };
    const activity = new MockActivityEnvironment(info, { logger });
    activity.on('heartbeat', (details: unknown) => (heartbeatDetails = details));
    const started: Promise<unknown> = activity.run(activities.startGlueRun, context, requestOf());
    failures.push(await started.catch((error: unknown) => error as { nonRetryable: boolean; type: string }));
  }
  return failures as { nonRetryable: boolean; type: string }[];
}

type Stop = Parameters<GlueActivities['stopGlueRun']>[1];

async function stop(given: Partial<Stop> = {}): ReturnType<GlueActivities['stopGlueRun']> {
  const asked: Stop = { script: 'validate_data', token: tokenOf(1), ...given };
  return await environment().run(activities.stopGlueRun, context, asked);
}

async function runs(): Promise<JobRun[]> {
  const { JobRuns = [] } = await glue.client.send(new GetJobRunsCommand({ JobName: job }));
  return JobRuns;
}

/** A run that somebody has started with a token. */
async function startedWith(token: string): Promise<string> {
  return await glue.start(job, { Arguments: { '--run_token': token } });
}

describe('a start', () => {
  it('that is cancelled under way begins one run, and says which', async () => {
    await glue.addFaults({ kind: 'api', operation: 'StartJobRun', job, times: 1, delayMs: 500 });
    const activity = environment();
    const starting = activity.run(activities.startGlueRun, context, requestOf());
    await until('Glue has begun a run', async () => (await runs()).length === 1);
    activity.cancel();
    const [run] = await runs();
    expect(await starting).toMatchObject({ jobRunId: run?.Id, adopted: false });
  });

  it('that is cancelled before begins none', async () => {
    await glue.addFaults({ kind: 'api', operation: 'GetJobRuns', job, times: 1, delayMs: 300 });
    const activity = environment();
    const starting = activity.run(activities.startGlueRun, context, requestOf());
    activity.cancel();
    await expect(starting).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(await runs()).toEqual([]);
  });

  it.each<[string, Partial<GlueJobRequest>, number]>([
    ['in another attempt', {}, 2],
    ['after the token was used', { tokenUsed: true }, 1],
    ['in an execution that goes on with the run', { token: 'daily/00000000/validation/1' }, 1],
  ])('%s finds a run that was not listed yet', async (_when, given, attempt) => {
    const id = await startedWith(given.token ?? tokenOf(1));
    blindLooks = 1;
    expect(await start(given, attempt)).toMatchObject({ jobRunId: id, adopted: true });
    expect(await runs()).toHaveLength(1);
  });

  it('adopts one of several live runs and stops the others', async () => {
    const both = [await startedWith(tokenOf(1)), await startedWith(tokenOf(1))];
    const { jobRunId, adopted } = await start();
    expect(adopted).toBe(true);
    for (const id of both) if (id !== jobRunId) await glue.when(job, id, 'STOPPED');
    expect((await glue.run(job, jobRunId)).JobRunState).toBe('RUNNING');
  });

  it('in a rewound run adopts what came of a later round', async () => {
    const retried = await startedWith(tokenOf(2));
    expect(await start()).toMatchObject({ jobRunId: retried, adopted: true });
    expect(await runs()).toHaveLength(1);
  });

  it('of a new round does not adopt an earlier one', async () => {
    const earlier = await startedWith(tokenOf(1));
    expect(await start({ token: tokenOf(2) })).toMatchObject({ adopted: false });
    expect((await glue.run(job, earlier)).JobRunState).not.toBe('STOPPED');
  });

  it('waits for the end of a run that was told to stop, and begins another', async () => {
    await endless({ stoppingMs: 500 });
    const id = await startedWith(tokenOf(1));
    await stop({ jobRunId: id, orphan: true });
    await expect(start()).rejects.toMatchObject({
      type: 'GlueBusy',
      message: expect.stringContaining('has not ended yet'),
    });
    await glue.when(job, id, 'STOPPED');
    expect(await start()).toMatchObject({ adopted: false });
  });

  it('that Glue refuses is for the operator at once', async () => {
    await expect(start({ overrides: { workerType: 'G.8X', numberOfWorkers: 299 } })).rejects.toMatchObject({
      type: 'StartRefused',
      nonRetryable: true,
      message: expect.stringMatching(/refuses to start .*G\.8X/),
    });
  });

  it.each([
    ['an unanswered start', { lose: 'after' }, 'StartOutcomeUnknown'],
    ['throttling', { error: { code: 'ThrottlingException' } }, 'Throttled'],
  ])('gives up after eight times of %s', async (_what, fault, type) => {
    await glue.addFaults({ kind: 'api', operation: 'StartJobRun', job, ...fault });
    blindLooks = 100;
    const failures = await attempts(8);
    expect(failures.map(({ nonRetryable }) => nonRetryable)).toEqual([
      ...Array.from({ length: 7 }, () => false),
      true,
    ]);
    expect(failures.at(-1)).toMatchObject({ type });
  });

  it('waits for a free slot for as long as it may', async () => {
    const error = { code: 'ConcurrentRunsExceededException' };
    await glue.addFaults({ kind: 'api', operation: 'StartJobRun', job, error });
    const busy = { type: 'GlueBusy', nonRetryable: false };
    expect(await attempts(10)).toMatchObject(Array.from({ length: 10 }, () => busy));
  });
});

describe('a stop', () => {
  it('right after a start stops the run that is not listed yet', async () => {
    const id = await startedWith(tokenOf(1));
    blindLooks = 2;
    expect(await stop({ jobRunId: id })).toEqual({ jobRunIds: [id] });
    expect((await glue.run(job, id)).JobRunState).toBe('STOPPED');
  });

  it('after an unanswered start looks again', async () => {
    const id = await startedWith(tokenOf(1));
    blindLooks = 1;
    expect(await stop()).toEqual({ jobRunIds: [id] });
    expect(ENDED).toContain((await glue.run(job, id)).JobRunState);
  });

  it('does not wait for ever, and says what has not ended', async () => {
    await endless({ stoppingMs: 60_000 });
    const id = await startedWith(tokenOf(1));
    expect(await stop()).toEqual({ jobRunIds: [id], stillStopping: [id] });
  });

  it('of a run that nobody watches asks for its end alone, and does not wait', async () => {
    const own = await startedWith(tokenOf(2));
    const orphan = await startedWith(tokenOf(1));
    expect(await stop({ jobRunId: orphan, orphan: true })).toEqual({ jobRunIds: [orphan] });
    await glue.when(job, orphan, 'STOPPED');
    expect((await glue.run(job, own)).JobRunState).toBe('RUNNING');
  });
});

describe('the state of a run', () => {
  it('is that of whichever job has it', async () => {
    const other = await glue.define('true', { Name: jobNameOf(context.settings.pipeline, 'load_dynamodb') });
    const id = await glue.start(other);
    await glue.when(other, id, 'SUCCEEDED');
    const stateNow = (jobRunId: string): Promise<string | undefined> =>
      environment().run(stateOf, jobRuns(), context.settings.pipeline, jobRunId);
    expect(await stateNow(id)).toBe('SUCCEEDED');
    expect(await stateNow('jr_unknown')).toBeUndefined();
  });
});
