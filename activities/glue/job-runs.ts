/**
 * Glue runs: start, await, stop.
 *
 * `StartJobRun` has no idempotency token, so ours travels as an argument. Starting is: look for a run with the token,
 * adopt it if it lives or succeeded, else start with a single attempt. An unknown outcome is a retryable failure, and
 * the next attempt looks again. Awaiting only reads. Stopping a run that has ended does nothing.
 */
import { activityInfo, cancellationSignal, heartbeat, log, sleep } from '@temporalio/activity';
import {
  BatchStopJobRunCommand,
  GetJobRunCommand,
  paginateGetJobRuns,
  StartJobRunCommand,
} from '@aws-sdk/client-glue';
import type { GlueClient, JobRun } from '@aws-sdk/client-glue';
import { ApplicationFailure } from '@temporalio/common';
import type {
  EndedGlueRun,
  LiveGlueRun,
  PipelineActivities,
  ShutdownActivities,
  StartedGlueRun,
} from '../../pipeline/activity-types.ts';
import { FAILURES, isFailureType } from '../../pipeline/failures.ts';
import { dpuSeconds, isKnownState, isLive, TOKEN_ARGUMENT } from '../../pipeline/glue-run.ts';
import { layout, s3Uri } from '../../pipeline/layout.ts';
import { jobNameOf } from '../../pipeline/settings.ts';
import { SCRIPT_NAMES } from '../../pipeline/stages.ts';
import { call, failure } from '../aws/call.ts';

type GlueRunActivities = Pick<
  PipelineActivities,
  'startGlueRun' | 'awaitGlueRun' | 'stopGlueRun' | 'findLiveGlueRuns'
>;

/** Runs looked at when searching for a token: newest first, several days of one job's runs. */
const SEARCHED_PAGES = 3;
const PAGE = 100;

/** After an unanswered start the new run may not be listed yet; a second look, this much later, has it. */
const LIST_LAG_MS = 2_000;

/** The polling interval grows by this factor up to {@link LONGEST_POLL} times the first. */
const POLL_GROWTH = 1.3;
const LONGEST_POLL = 4;

/** Pollers that were started together drift apart, so that they do not meet the API's rate limit together. */
const POLL_JITTER = 0.2;

/** Heartbeats at least this often, however long the polling interval is; a sixth of the heartbeat timeout. */
const HEARTBEAT_MS = 10_000;

/** Polls in a row that an operator must see to (access denied, run unknown) before waiting ends. A single one may be a blip. */
const REFUSALS_BEFORE_GIVING_UP = 5;

/** Interval of looks at a run that was told to stop; stopping takes Glue some seconds. */
const STOP_POLL_MS = 1_000;

/** BatchStopJobRun's limit. */
const STOPPED_AT_ONCE = 25;

export function createGlueRunActivities(glue: GlueClient, glueOnce: GlueClient): GlueRunActivities {
  return {
    async startGlueRun({ owner, settings }, request): Promise<StartedGlueRun> {
      const jobName = jobNameOf(settings.pipeline, request.script);
      const timeoutMinutes = request.overrides.timeoutMinutes ?? settings.jobTimeoutMinutes;
      const known = await findAgain(glue, jobName, request.token);
      const adoptable = known.find(
        ({ JobRunState = '' }) => isLive(JobRunState) || JobRunState === 'SUCCEEDED',
      );
      if (adoptable?.Id !== undefined) {
        log.info('Adopted a Glue run', { jobName, jobRunId: adoptable.Id, state: adoptable.JobRunState });
        return {
          jobName,
          jobRunId: adoptable.Id,
          adopted: true,
          timeoutMinutes: adoptable.Timeout ?? timeoutMinutes,
        };
      }
      const { run } = owner;
      const start = new StartJobRunCommand({
        JobName: jobName,
        Timeout: timeoutMinutes,
        WorkerType: request.overrides.workerType ?? settings.workerType,
        NumberOfWorkers: request.overrides.numberOfWorkers ?? settings.numberOfWorkers,
        Arguments: {
          '--run_id': run,
          [TOKEN_ARGUMENT]: request.token,
          '--plan': s3Uri(settings.bucket, layout.runRecord(run, request.plan)),
          '--report_prefix': s3Uri(settings.bucket, layout.stageReports(run, request.stage)),
          '--script_digest': request.scriptDigest,
        },
      });
      const { JobRunId } = await startOnce(jobName, () =>
        call(`StartJobRun ${jobName}`, (options) => glueOnce.send(start, options)),
      );
      if (JobRunId === undefined)
        throw failure('StartOutcomeUnknown', `StartJobRun ${jobName} answered without a run id`);
      return { jobName, jobRunId: JobRunId, adopted: false, timeoutMinutes };
    },

    async awaitGlueRun({ settings }, { jobName, jobRunId }): Promise<EndedGlueRun> {
      const first = settings.gluePollSeconds * 1000;
      let refusals = 0;
      for (let interval = first; ; interval = Math.min(interval * POLL_GROWTH, first * LONGEST_POLL)) {
        try {
          const run = await getRun(glue, jobName, jobRunId);
          refusals = 0;
          const state = run.JobRunState ?? 'no state';
          if (!isLive(state)) return ended(run, state);
          if (!isKnownState(state)) log.warn('Unknown Glue state, still waiting', { jobRunId, state });
          heartbeat({ jobRunId, state, detail: run.StateDetail });
        } catch (error) {
          if (cancellationSignal().aborted) throw error;
          refusals = needsOperator(error) ? refusals + 1 : 0;
          if (refusals >= REFUSALS_BEFORE_GIVING_UP) throw error;
          log.warn('Could not look at a Glue run, still waiting', { jobRunId, error: String(error) });
        }
        await sleepBeating(interval * (1 + POLL_JITTER * (Math.random() - 0.5)), jobRunId);
      }
    },

    async stopGlueRun({ settings }, { script, token }) {
      const jobName = jobNameOf(settings.pipeline, script);
      const live = (await findAgain(glue, jobName, token)).filter(({ JobRunState = '' }) =>
        isLive(JobRunState),
      );
      const ids = live.flatMap(({ Id }) => (Id === undefined ? [] : [Id]));
      await requestStops(glue, jobName, ids);
      for (const id of ids) {
        while (isLive((await getRun(glue, jobName, id)).JobRunState ?? ''))
          await sleepBeating(STOP_POLL_MS, id);
      }
      return { jobRunIds: ids };
    },

    findLiveGlueRuns: ({ settings }) => liveRuns(glue, settings.pipeline),
  };
}

export function createGlueStopActivities(glue: GlueClient): Pick<ShutdownActivities, 'stopGlueRuns'> {
  return {
    async stopGlueRuns({ pipeline }, { runs }) {
      await Promise.all(
        SCRIPT_NAMES.map((script) => {
          const ids = runs.filter((run) => run.script === script).map(({ jobRunId }) => jobRunId);
          return requestStops(glue, jobNameOf(pipeline, script), ids);
        }),
      );
    },
  };
}

async function liveRuns(glue: GlueClient, pipeline: string): Promise<LiveGlueRun[]> {
  const found = await Promise.all(
    SCRIPT_NAMES.map(async (script) => {
      const jobName = jobNameOf(pipeline, script);
      return (await recentRuns(glue, jobName)).flatMap(({ Id, JobRunState = '', Arguments }) => {
        const token = Arguments?.[TOKEN_ARGUMENT];
        const run = Arguments?.['--run_id'];
        if (Id === undefined || token === undefined || !isLive(JobRunState)) return [];
        return [{ jobName, jobRunId: Id, script, token, ...(run === undefined ? {} : { run }) }];
      });
    }),
  );
  return found.flat();
}

/** Errors for single runs say that they have ended meanwhile; whether that is so is seen when they are looked at. */
async function requestStops(glue: GlueClient, jobName: string, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += STOPPED_AT_ONCE) {
    const stop = new BatchStopJobRunCommand({
      JobName: jobName,
      JobRunIds: ids.slice(at, at + STOPPED_AT_ONCE),
    });
    await call(`BatchStopJobRun ${jobName}`, (options) => glue.send(stop, options));
  }
}

/** Looks twice when an earlier attempt may have started a run that is not listed yet. */
async function findAgain(glue: GlueClient, jobName: string, token: string): Promise<JobRun[]> {
  const found = await findByToken(glue, jobName, token);
  if (found.length > 0 || activityInfo().attempt === 1) return found;
  await sleep(LIST_LAG_MS);
  return await findByToken(glue, jobName, token);
}

async function findByToken(glue: GlueClient, jobName: string, token: string): Promise<JobRun[]> {
  return (await recentRuns(glue, jobName)).filter((run) => run.Arguments?.[TOKEN_ARGUMENT] === token);
}

/** A search that fails is a failure, never "not found"; only a job that does not exist yet has no runs. */
async function recentRuns(glue: GlueClient, jobName: string): Promise<JobRun[]> {
  const found: JobRun[] = [];
  const pages = paginateGetJobRuns({ client: glue, pageSize: PAGE }, { JobName: jobName })[
    Symbol.asyncIterator
  ]();
  try {
    for (let page = 0; page < SEARCHED_PAGES; page += 1) {
      const { value, done } = await call(`GetJobRuns ${jobName}`, () => pages.next());
      if (done === true) break;
      found.push(...(value.JobRuns ?? []));
    }
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || error.type !== 'GlueJobMissing') throw error;
  }
  return found;
}

/** Where it can't be known whether the run began, the failure says so, and the next attempt searches first. */
async function startOnce<T>(jobName: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const type = error instanceof ApplicationFailure ? error.type : undefined;
    if (type !== 'ServiceUnavailable' && type !== 'UnexpectedError') throw error;
    throw failure(
      'StartOutcomeUnknown',
      `Whether a run of ${jobName} began is not known: ${String(error)}`,
      error,
    );
  }
}

async function getRun(glue: GlueClient, jobName: string, jobRunId: string): Promise<JobRun> {
  const get = new GetJobRunCommand({ JobName: jobName, RunId: jobRunId });
  try {
    const { JobRun: run } = await call(`GetJobRun ${jobRunId}`, (options) => glue.send(get, options));
    if (run === undefined)
      throw failure('ServiceUnavailable', `GetJobRun ${jobRunId} answered without a run`);
    return run;
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || error.type !== 'GlueJobMissing') throw error;
    throw failure('GlueRunVanished', `Glue does not know run ${jobRunId} of ${jobName}`, error);
  }
}

function ended(run: JobRun, state: string): EndedGlueRun {
  const executionSeconds = run.ExecutionTime ?? 0;
  const {
    WorkerType: workerType,
    NumberOfWorkers: numberOfWorkers,
    DPUSeconds: reported,
    ErrorMessage,
  } = run;
  const dpu = dpuSeconds({ reported, executionSeconds, workerType, numberOfWorkers });
  return {
    state,
    executionSeconds,
    ...(ErrorMessage === undefined ? {} : { errorMessage: ErrorMessage }),
    ...(dpu === undefined ? {} : { dpuSeconds: dpu }),
  };
}

function needsOperator(error: unknown): boolean {
  const type = error instanceof ApplicationFailure ? error.type : undefined;
  return isFailureType(type) && FAILURES[type].handling === 'operator';
}

async function sleepBeating(milliseconds: number, jobRunId: string): Promise<void> {
  for (let left = milliseconds; left > 0; left -= HEARTBEAT_MS) {
    await sleep(Math.min(left, HEARTBEAT_MS));
    heartbeat({ jobRunId });
  }
}
