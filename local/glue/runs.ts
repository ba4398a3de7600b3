/**
 * Job runs as the API offers them: started, looked at, listed, stopped.
 */
import { randomBytes } from 'node:crypto';
import { effectiveArguments, refuseReservedArguments, splitArguments } from './arguments.ts';
import { askedCapacity, resolveCapacity } from './capacity.ts';
import { GlueError, invalidInput, runNotFound } from './errors.ts';
import { checkedTimeout, checkExecutionClass, type Jobs } from './jobs.ts';
import type { Lifecycle } from './lifecycle.ts';
import { epochSeconds, hasEnded, type Job, type JobRun, type RunRecord } from './model.ts';
import { pageOf, type Page } from './paging.ts';
import type { GetJobRunsRequest, StartJobRunRequest } from './schemas.ts';
import type { Store } from './store.ts';

/** Runs on a page when the caller does not say. */
const RUNS_PER_PAGE = 200;

/** What BatchStopJobRun answers for one run that it could not stop. */
export interface StopError {
  readonly JobName: string;
  readonly JobRunId: string;
  readonly ErrorDetail: { readonly ErrorCode: string; readonly ErrorMessage: string };
}

export class Runs {
  readonly #store: Store;
  readonly #jobs: Jobs;
  readonly #lifecycle: Lifecycle;
  readonly #now: () => number;

  constructor(store: Store, jobs: Jobs, lifecycle: Lifecycle, now: () => number) {
    this.#store = store;
    this.#jobs = jobs;
    this.#lifecycle = lifecycle;
    this.#now = now;
  }

  /**
   * Starts a run and returns its id once it is on disk.
   * @throws GlueError EntityNotFoundException, InvalidInputException, ConcurrentRunsExceededException.
   */
  start(request: StartJobRunRequest): string {
    const job = this.#jobs.get(request.JobName);
    refuseReservedArguments(request.Arguments);
    const previous =
      request.JobRunId === undefined ? undefined : this.#retried(request.JobName, request.JobRunId);
    const run = newRun(job, request, previous?.run, this.#now());
    const limit = job.ExecutionProperty.MaxConcurrentRuns;
    const isFull = this.#lifecycle.liveRunsOf(job.Name).length >= limit;
    if (isFull && !run.JobRunQueuingEnabled) {
      throw new GlueError(
        'ConcurrentRunsExceededException',
        `Concurrent runs exceeded for ${job.Name}: its limit is ${limit}.`,
      );
    }
    const record: RunRecord = {
      version: 1,
      run: { ...run, JobRunState: isFull ? 'WAITING' : 'STARTING' },
      job,
      sequence: this.#store.nextSequence(),
    };
    return this.#lifecycle.submit(record).run.Id;
  }

  /** @throws GlueError EntityNotFoundException. */
  get(jobName: string, runId: string): JobRun {
    return this.#answered(this.#record(jobName, runId));
  }

  /** Newest first. @throws GlueError EntityNotFoundException when there is no such job. */
  list(request: GetJobRunsRequest): Page<JobRun> {
    const { Name } = this.#jobs.get(request.JobName);
    const newestFirst = this.#store
      .runs()
      .filter((record) => record.run.JobName === Name)
      .reverse();
    const ageOf = ({ sequence }: RunRecord): number => -sequence;
    const page = pageOf(`GetJobRuns ${Name}`, newestFirst, ageOf, request, RUNS_PER_PAGE);
    return { ...page, items: page.items.map((record) => this.#answered(record)) };
  }

  /** Begins to stop each run; what can't be stopped is answered per run. */
  stop(jobName: string, runIds: readonly string[]): { submitted: string[]; errors: StopError[] } {
    const submitted: string[] = [];
    const errors: StopError[] = [];
    for (const runId of runIds) {
      try {
        this.#stop(jobName, runId);
        submitted.push(runId);
      } catch (error) {
        if (!(error instanceof GlueError)) throw error;
        const ErrorDetail = { ErrorCode: error.code, ErrorMessage: error.message };
        errors.push({ JobName: jobName, JobRunId: runId, ErrorDetail });
      }
    }
    return { submitted, errors };
  }

  #stop(jobName: string, runId: string): void {
    const { JobRunState } = this.#record(jobName, runId).run;
    if (hasEnded(JobRunState)) throw invalidInput(`Job run ${runId} can't be stopped: it is ${JobRunState}.`);
    if (!this.#lifecycle.stop(runId)) throw invalidInput(`Job run ${runId} has ended.`);
  }

  /** A run that is under way is answered with the time that it has used so far. */
  #answered({ run, runningSince }: RunRecord): JobRun {
    if (runningSince === undefined || hasEnded(run.JobRunState)) return run;
    return { ...run, ExecutionTime: Math.round((this.#now() - runningSince) / 1000) };
  }

  #retried(jobName: string, runId: string): RunRecord {
    const record = this.#record(jobName, runId);
    if (!hasEnded(record.run.JobRunState)) {
      throw invalidInput(`Job run ${runId} can't be retried: it is ${record.run.JobRunState}.`);
    }
    return record;
  }

  #record(jobName: string, runId: string): RunRecord {
    const record = this.#store.run(runId);
    if (record?.run.JobName !== jobName) throw runNotFound(jobName, runId);
    return record;
  }
}

/**
 * The run that Glue itself starts after a failed one whose job has retries left: a run of its own, with the id of the
 * first and the number of the attempt. It is not held to MaxConcurrentRuns, as it takes its predecessor's place.
 */
export function automaticRetry(failed: RunRecord, sequence: number, now: number): RunRecord | undefined {
  const { run, job } = failed;
  const attempt = run.Attempt + 1;
  if (attempt > job.MaxRetries) return undefined;
  const time = epochSeconds(now);
  return {
    version: 1,
    job,
    sequence,
    run: {
      ...run,
      Id: `${run.Id.replace(/_attempt_\d+$/, '')}_attempt_${attempt}`,
      Attempt: attempt,
      PreviousRunId: run.Id,
      JobRunState: 'STARTING',
      StartedOn: time,
      LastModifiedOn: time,
      CompletedOn: undefined,
      ErrorMessage: undefined,
      ExecutionTime: 0,
      DPUSeconds: undefined,
    },
  };
}

/** A run as the request and the job's definition make it; the request wins. */
function newRun(
  job: Job,
  request: StartJobRunRequest,
  previous: JobRun | undefined,
  now: number,
): Omit<JobRun, 'JobRunState'> {
  const queued = request.JobRunQueuingEnabled ?? job.JobRunQueuingEnabled ?? false;
  if (queued && job.MaxRetries > 0) {
    throw invalidInput('Job run queuing is not available for jobs with retries: set MaxRetries to 0.');
  }
  checkExecutionClass(job.Command.Name, request.ExecutionClass);
  const given = request.Arguments ?? previous?.Arguments;
  const { switches } = splitArguments(effectiveArguments(job, { Arguments: given }));
  const time = epochSeconds(now);
  return {
    Id: `jr_${randomBytes(32).toString('hex')}`,
    Attempt: previous === undefined ? 0 : previous.Attempt + 1,
    PreviousRunId: previous?.Id,
    JobName: job.Name,
    JobMode: job.JobMode,
    JobRunQueuingEnabled: queued,
    StartedOn: time,
    LastModifiedOn: time,
    Arguments: given,
    PredecessorRuns: [],
    ExecutionTime: 0,
    Timeout: checkedTimeout(request.Timeout) ?? job.Timeout,
    ...resolveCapacity(job.Command.Name, request, askedCapacity(job)),
    SecurityConfiguration: request.SecurityConfiguration ?? job.SecurityConfiguration,
    LogGroupName: switches.logGroupPrefix,
    NotificationProperty: request.NotificationProperty ?? job.NotificationProperty,
    GlueVersion: job.GlueVersion,
    ExecutionClass: request.ExecutionClass ?? job.ExecutionClass ?? 'STANDARD',
    MaintenanceWindow: job.MaintenanceWindow,
    ExecutionRoleSessionPolicy: request.ExecutionRoleSessionPolicy,
  };
}
