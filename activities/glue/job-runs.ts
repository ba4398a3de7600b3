/** Glue runs: start (`starting.ts`), await, stop. Awaiting only reads. Stopping a run that has ended does nothing. */
import { cancellationSignal, heartbeat, log, sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { EndedGlueRun, PipelineActivities, ShutdownActivities } from '../../pipeline/activity-types.ts';
import { isFailureType, isFinal } from '../../pipeline/failures.ts';
import { isKnownState, isLive, type LiveGlueRun } from '../../pipeline/glue-run.ts';
import { jobNameOf } from '../../pipeline/settings.ts';
import { SCRIPT_NAMES } from '../../pipeline/stages.ts';
import type { JobRun } from '../../systems/glue/job-run.ts';
import type { JobRuns } from '../../systems/glue/job-runs.ts';
import { failure } from '../call.ts';
import { LIST_LAG_MS, runsOfToken, SEARCHED } from './recent-runs.ts';
import { GlueStarts } from './starting.ts';

type GlueRunActivities = Pick<
  PipelineActivities,
  'startGlueRun' | 'awaitGlueRun' | 'stopGlueRun' | 'findLiveGlueRuns'
>;

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

/**
 * How long a stop is waited for. Glue needs seconds; a run that is STOPPING for longer is Glue's to end, and neither its
 * own pipeline run nor a later one should wait for it through the night.
 */
const STOP_WITHIN_MS = 5 * 60_000;

/** What went wrong stands first; the plans and rows that Spark adds are in the log, and have no place in a history. */
const MESSAGE_CHARACTERS = 1_000;

export function createGlueRunActivities(jobRuns: JobRuns, stopWithinMs = STOP_WITHIN_MS): GlueRunActivities {
  const starts = new GlueStarts(jobRuns);
  return {
    startGlueRun: (context, request) => starts.start(context, request),

    async awaitGlueRun({ settings }, { jobName, jobRunId }): Promise<EndedGlueRun> {
      const first = settings.gluePollSeconds * 1000;
      let refusals = 0;
      for (let interval = first; ; interval = Math.min(interval * POLL_GROWTH, first * LONGEST_POLL)) {
        try {
          const run = await requireRun(jobRuns, jobName, jobRunId);
          refusals = 0;
          const { state, detail } = run;
          if (!isLive(state)) return ended(run);
          if (!isKnownState(state)) log.warn('Unknown Glue state, still waiting', { jobRunId, state });
          heartbeat({ jobRunId, state, detail });
        } catch (error) {
          if (cancellationSignal().aborted) throw error;
          refusals = needsOperator(error) ? refusals + 1 : 0;
          if (refusals >= REFUSALS_BEFORE_GIVING_UP) throw error;
          log.warn('Could not look at a Glue run, still waiting', { jobRunId, error: String(error) });
        }
        await sleepBeating(interval * (1 + POLL_JITTER * (Math.random() - 0.5)), jobRunId);
      }
    },

    async stopGlueRun({ settings }, { script, token, jobRunId, orphan }) {
      const jobName = jobNameOf(settings.pipeline, script);
      if (orphan === true && jobRunId !== undefined) {
        await jobRuns.stop(jobName, [jobRunId]);
        return { jobRunIds: [jobRunId] };
      }
      const jobRunIds = await liveIds(jobRuns, jobName, token, jobRunId);
      await jobRuns.stop(jobName, jobRunIds);
      const stillStopping = await liveAfter(jobRuns, jobName, jobRunIds, stopWithinMs);
      return { jobRunIds, ...(stillStopping.length === 0 ? {} : { stillStopping }) };
    },

    findLiveGlueRuns: ({ settings }) => liveRuns(jobRuns, settings.pipeline),
  };
}

export function createGlueStopActivities(jobRuns: JobRuns): Pick<ShutdownActivities, 'stopGlueRuns'> {
  return {
    async stopGlueRuns({ pipeline }, { runs }) {
      await Promise.all(
        SCRIPT_NAMES.map((script) => {
          const ids = runs.filter((run) => run.script === script).map(({ jobRunId }) => jobRunId);
          return jobRuns.stop(jobNameOf(pipeline, script), ids);
        }),
      );
    },
  };
}

async function liveRuns(jobRuns: JobRuns, pipeline: string): Promise<LiveGlueRun[]> {
  const found = await Promise.all(
    SCRIPT_NAMES.map(async (script) => {
      const jobName = jobNameOf(pipeline, script);
      return (await jobRuns.recent(jobName, SEARCHED)).flatMap(({ id, state, token, run }) =>
        token === undefined || !isLive(state)
          ? []
          : [{ jobName, jobRunId: id, script, token, ...(run === undefined ? {} : { run }) }],
      );
    }),
  );
  return found.flat();
}

/**
 * Live runs that carry the token. Looks twice where there is none: a start may have gone unanswered a moment ago.
 * @param known the run that the stage has begun; it may not be listed yet
 */
async function liveIds(
  jobRuns: JobRuns,
  jobName: string,
  token: string,
  known: string | undefined,
): Promise<string[]> {
  for (let look = 1; ; look += 1) {
    const listed = await runsOfToken(jobRuns, jobName, token);
    const live = listed.filter(({ state }) => isLive(state)).map(({ id }) => id);
    if (known !== undefined && !listed.some(({ id }) => id === known)) return [...live, known];
    if (live.length > 0 || look === 2) return live;
    await sleep(LIST_LAG_MS);
  }
}

/** Waits until the runs have ended. @returns those that have not when the time is over */
async function liveAfter(
  jobRuns: JobRuns,
  jobName: string,
  ids: readonly string[],
  withinMs: number,
): Promise<string[]> {
  const deadline = Date.now() + withinMs;
  const live: string[] = [];
  for (const id of ids) {
    while (isLive((await requireRun(jobRuns, jobName, id)).state)) {
      if (Date.now() >= deadline) {
        live.push(id);
        break;
      }
      await sleepBeating(STOP_POLL_MS, id);
    }
  }
  return live;
}

/** @throws `GlueRunVanished` when Glue does not know the run */
async function requireRun(jobRuns: JobRuns, jobName: string, jobRunId: string): Promise<JobRun> {
  const run = await jobRuns.get(jobName, jobRunId);
  if (run === undefined) throw failure('GlueRunVanished', `Glue does not know run ${jobRunId} of ${jobName}`);
  return run;
}

function ended({ state, executionSeconds, errorMessage, dpuSeconds }: JobRun): EndedGlueRun {
  return {
    state,
    executionSeconds,
    ...(errorMessage === undefined ? {} : { errorMessage: errorMessage.slice(0, MESSAGE_CHARACTERS) }),
    ...(dpuSeconds === undefined ? {} : { dpuSeconds }),
  };
}

function needsOperator(error: unknown): boolean {
  const type = error instanceof ApplicationFailure ? error.type : undefined;
  return isFailureType(type) && isFinal(type);
}

async function sleepBeating(milliseconds: number, jobRunId: string): Promise<void> {
  for (let left = milliseconds; left > 0; left -= HEARTBEAT_MS) {
    await sleep(Math.min(left, HEARTBEAT_MS));
    heartbeat({ jobRunId });
  }
}
