/**
 * Starting a Glue run. `StartJobRun` has no idempotency token, so ours travels as an argument: look for a run with the
 * token, adopt it if it lives or succeeded, else start with a single attempt. An unknown outcome is a retryable failure,
 * and the next attempt looks again.
 */
import { activityInfo, cancellationSignal, heartbeat, log, sleep } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import type { GlueJobRequest, ScriptFiles, StartedGlueRun } from '../../pipeline/activity-types.ts';
import { isFailureType } from '../../pipeline/failures.ts';
import { isLive, ownerOfToken, RUN_ARGUMENT, TOKEN_ARGUMENT } from '../../pipeline/glue-run.ts';
import { layout, s3Uri } from '../../pipeline/layout.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { jobNameOf } from '../../pipeline/settings.ts';
import { traitsOf } from '../../systems/aws/errors.ts';
import type { JobRun } from '../../systems/glue/job-run.ts';
import type { JobRuns } from '../../systems/glue/job-runs.ts';
import { failure, isFailureOf } from '../call.ts';
import { LIST_LAG_MS, runsOfToken } from './recent-runs.ts';

/**
 * Failures in a row after which an operator should know, as for other calls. The job's limit is not among them: for a
 * free slot a start waits as long as its activity may.
 */
const TRIES = 8;

export class GlueStarts {
  readonly #jobRuns: JobRuns;

  constructor(jobRuns: JobRuns) {
    this.#jobRuns = jobRuns;
  }

  async start(context: RunContext, request: GlueJobRequest): Promise<StartedGlueRun> {
    try {
      return await this.#adoptOrStart(context, request);
    } catch (error) {
      throw counted(error);
    }
  }

  async #adoptOrStart({ owner, settings }: RunContext, request: GlueJobRequest): Promise<StartedGlueRun> {
    const jobName = jobNameOf(settings.pipeline, request.script);
    const timeoutMinutes = request.overrides.timeoutMinutes ?? settings.jobTimeoutMinutes;
    const adopted = await this.#adopt(jobName, request);
    if (adopted !== undefined) {
      const { id, state } = adopted;
      log.info('Adopted a Glue run', { jobName, jobRunId: id, state });
      return {
        jobName,
        jobRunId: id,
        adopted: true,
        timeoutMinutes: adopted.timeoutMinutes ?? timeoutMinutes,
      };
    }
    const { run } = owner;
    const start = {
      jobName,
      timeoutMinutes,
      workerType: request.overrides.workerType ?? settings.workerType,
      numberOfWorkers: request.overrides.numberOfWorkers ?? settings.numberOfWorkers,
      arguments: {
        [RUN_ARGUMENT]: run,
        [TOKEN_ARGUMENT]: request.token,
        '--plan': s3Uri(settings.bucket, layout.plan(run, request.stage)),
        '--report_prefix': s3Uri(settings.bucket, layout.stageReports(run, request.stage)),
        '--script_digest': request.scriptDigest,
        ...versionArguments(settings.bucket, request.files),
      },
    };
    cancellationSignal().throwIfAborted();
    const jobRunId = await startOnce(jobName, () => this.#jobRuns.start(start));
    if (jobRunId === undefined)
      throw failure('StartOutcomeUnknown', `StartJobRun ${jobName} answered without a run id`);
    return { jobName, jobRunId, adopted: false, timeoutMinutes };
  }

  /** The run to go on with, if there is one; whatever else lives beside it is told to stop. */
  async #adopt(jobName: string, request: GlueJobRequest): Promise<JobRun | undefined> {
    let runs = adoptable(await runsOfToken(this.#jobRuns, jobName, request.token));
    if (runs.length === 0 && mayHaveBeenUsed(request)) {
      await sleep(LIST_LAG_MS);
      runs = adoptable(await runsOfToken(this.#jobRuns, jobName, request.token));
    }
    const [first, ...others] = runs;
    const surplus = others.filter(({ state }) => isLive(state)).map(({ id }) => id);
    if (surplus.length > 0) log.warn('Stopping surplus Glue runs', { jobName, surplus, kept: first?.id });
    await this.#jobRuns.stop(jobName, surplus);
    if (first?.state === 'STOPPING')
      throw failure('GlueBusy', `Run ${first.id} of ${jobName} was told to stop and has not ended yet`);
    return first;
  }
}

/**
 * The attempts that Temporal counts include the waits for a slot, so failures in a row are counted beside them: in the
 * heartbeat's details, which Temporal hands to the next attempt, on whichever worker.
 */
const progressSchema = z.object({ failuresInARow: z.number() });

/** The failure as it leaves the attempt: final once there were too many in a row. */
function counted(error: unknown): unknown {
  // A cancellation, as by a worker that shuts down, says nothing about Glue.
  if (!(error instanceof ApplicationFailure)) return error;
  if (isFailureOf(error, 'GlueBusy')) {
    heartbeat({ failuresInARow: 0 });
    return error;
  }
  const before = progressSchema.safeParse(activityInfo().heartbeatDetails).data?.failuresInARow ?? 0;
  const failuresInARow = before + 1;
  heartbeat({ failuresInARow });
  if (failuresInARow < TRIES) return error;
  const { type, message } = error;
  return ApplicationFailure.create({
    message,
    nonRetryable: true,
    cause: error,
    ...(isFailureType(type) ? { type } : {}),
  });
}

/** The job is shared, and may point at another build by now: a run keeps the scripts that it began with. */
function versionArguments(bucket: string, files: ScriptFiles): Record<string, string> {
  return {
    '--scriptLocation': s3Uri(bucket, files.script),
    '--extra-py-files': s3Uri(bucket, files.library),
  };
}

/** Whether a run with the token may have been started by somebody who did not learn its id, or a moment ago. */
function mayHaveBeenUsed({ token, tokenUsed }: GlueJobRequest): boolean {
  const { attempt, workflowExecution } = activityInfo();
  if (attempt > 1 || tokenUsed) return true;
  return ownerOfToken(token)?.originalRunId !== workflowExecution?.runId;
}

/** Runs that a stage can go on with, the best first: of the latest round, succeeded before alive, the older of two. */
function adoptable(runs: readonly JobRun[]): JobRun[] {
  return runs
    .filter(({ state }) => isLive(state) || state === 'SUCCEEDED')
    .sort((a, b) => roundOf(b) - roundOf(a) || rank(a) - rank(b) || startOf(a) - startOf(b));
}

function roundOf({ owner }: JobRun): number {
  return owner?.round ?? 0;
}

function rank({ state }: JobRun): number {
  return state === 'SUCCEEDED' ? 0 : state === 'STOPPING' ? 2 : 1;
}

function startOf({ startedAt }: JobRun): number {
  return startedAt?.getTime() ?? 0;
}

/** Where it can't be known whether the run began, the failure says so, and the next attempt searches first. */
async function startOnce<T>(jobName: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    const type = error instanceof ApplicationFailure ? error.type : undefined;
    if (type !== 'ServiceUnavailable' && type !== 'UnexpectedError') throw error;
    const { httpStatus = 0 } = traitsOf(error instanceof ApplicationFailure ? error.cause : error);
    if (type === 'UnexpectedError' && httpStatus >= 400 && httpStatus < 500) {
      throw failure('StartRefused', `Glue refuses to start ${jobName}: ${String(error)}`, error);
    }
    throw failure(
      'StartOutcomeUnknown',
      `Whether a run of ${jobName} began is not known: ${String(error)}`,
      error,
    );
  }
}
