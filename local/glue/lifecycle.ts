/**
 * The life of a run, from its start to its end.
 *
 *     WAITING ──► STARTING ──► RUNNING ──► SUCCEEDED | FAILED | ERROR | EXPIRED
 *        │            │           ├──────► TIMEOUT
 *        └──► STOPPED ◄┴ STOPPING ◄┘
 *
 * Every change is on disk before anything follows from it. What is under way for a run (its execution, its timers) lives
 * in memory only: when the server ends, its runs' processes end with it, or are ended by the next server (`recover`).
 */
import type { Logger } from 'pino';
import { effectiveArguments, splitArguments } from './arguments.ts';
import { reportedDpuSeconds } from './capacity.ts';
import type { Execute, Execution, Outcome } from './execution.ts';
import { epochSeconds, hasEnded, type EndedState, type JobRun, type RunRecord } from './model.ts';
import type { Options } from './options.ts';
import { endGroup, stillOurs } from './processes.ts';
import { executable, releasable } from './scheduler.ts';
import type { Store } from './store.ts';

/** How a run is to be executed: for real, or as a fault says. */
export interface ExecutionPlan {
  readonly execute: Execute;
  /** Scripted executions use no Spark and take no slot. */
  readonly takesSlot: boolean;
  /** Milliseconds that the run is kept WAITING, STARTING or STOPPING beyond what it needs. */
  readonly waitingMs?: number | undefined;
  readonly startingMs?: number | undefined;
  readonly stoppingMs?: number | undefined;
}

type LifecycleSettings = Pick<Options, 'slots' | 'minuteMs' | 'stopGraceMs'>;

export interface LifecycleDependencies {
  readonly store: Store;
  readonly plan: (record: RunRecord) => ExecutionPlan;
  readonly now: () => number;
  readonly logger: Logger;
  /** Makes the run that follows a failed one when its job has retries left. */
  readonly retryOf: (failed: RunRecord) => RunRecord | undefined;
}

/** Reads to the pipeline's operators as what it is: not the job's fault. */
const LOST_BY_RESTART = 'Internal service error: the local Glue server restarted while this run was running.';
const LOST_BY_SHUTDOWN =
  'Internal service error: the local Glue server was shut down while this run was running.';

const QUEUED_DETAIL = 'Job run is queued: the maximum concurrent runs of the job are in use.';
const HELD_DETAIL = 'Job run is queued: waiting for capacity.';

interface LiveRun {
  record: RunRecord;
  readonly plan: ExecutionPlan;
  held: boolean;
  execution?: Execution;
  stopRequestedAt?: number;
  timedOut: boolean;
  readonly timers: Set<NodeJS.Timeout>;
}

export class Lifecycle {
  readonly #settings: LifecycleSettings;
  readonly #dependencies: LifecycleDependencies;
  /** In the order of the starts. */
  readonly #live = new Map<string, LiveRun>();
  #closing = false;

  constructor(settings: LifecycleSettings, dependencies: LifecycleDependencies) {
    this.#settings = settings;
    this.#dependencies = dependencies;
  }

  /** Runs of a job that have not ended. */
  liveRunsOf(jobName: string): RunRecord[] {
    return [...this.#live.values()]
      .map((live) => live.record)
      .filter((record) => record.run.JobName === jobName);
  }

  /** Takes a new run, in STARTING or WAITING, puts it on disk and sets it going. */
  submit(record: RunRecord): RunRecord {
    const plan = this.#dependencies.plan(record);
    const live: LiveRun = { record, plan, held: false, timedOut: false, timers: new Set() };
    this.#live.set(record.run.Id, live);
    const { waitingMs, startingMs } = plan;
    if (waitingMs !== undefined) this.#hold(live, waitingMs);
    else if (startingMs !== undefined && record.run.JobRunState === 'STARTING') this.#hold(live, startingMs);
    const isQueued = record.run.JobRunState === 'WAITING';
    if (waitingMs !== undefined) this.#change(live, { JobRunState: 'WAITING', StateDetail: HELD_DETAIL });
    else this.#change(live, isQueued ? { StateDetail: QUEUED_DETAIL } : {});
    setImmediate(() => {
      this.#pump();
    });
    return live.record;
  }

  /** Begins to stop a run; `false` when it is not live. One that has used nothing yet is stopped at once. */
  stop(runId: string): boolean {
    const live = this.#live.get(runId);
    if (live === undefined) return false;
    if (live.stopRequestedAt !== undefined) return true;
    live.stopRequestedAt = this.#dependencies.now();
    if (live.execution === undefined && live.plan.stoppingMs === undefined) {
      this.#end(live, 'STOPPED');
      return true;
    }
    this.#change(live, { JobRunState: 'STOPPING', StateDetail: undefined });
    if (live.execution === undefined) this.#afterStopping(live);
    else live.execution.stop();
    return true;
  }

  /**
   * Takes up what an earlier server left: what was queued is queued again, what was under way is lost, its processes are
   * ended first.
   */
  async recover(): Promise<void> {
    for (const record of this.#dependencies.store.runs()) {
      const { run, processGroup } = record;
      if (hasEnded(run.JobRunState)) continue;
      if (processGroup !== undefined && stillOurs(processGroup, run.Id)) {
        this.#dependencies.logger.warn(
          { run: run.Id, processGroup: processGroup.id },
          'ending an abandoned run',
        );
        await endGroup(processGroup.id, this.#settings.stopGraceMs);
      }
      if (run.JobRunState === 'WAITING' || run.JobRunState === 'STARTING') this.submit(record);
      else if (run.JobRunState === 'STOPPING') this.#endRecord(record, 'STOPPED');
      else this.#endRecord(record, 'FAILED', LOST_BY_RESTART);
    }
  }

  /** Ends all executions. Queued runs stay queued, for the next server. */
  async close(): Promise<void> {
    this.#closing = true;
    const executions = [...this.#live.values()].flatMap((live) => {
      live.timers.forEach(clearTimeout);
      return live.execution === undefined ? [] : [live.execution];
    });
    executions.forEach((execution) => {
      execution.stop();
    });
    await Promise.all(executions.map((execution) => execution.ended));
  }

  #pump(): void {
    if (this.#closing) return;
    for (const live of releasable([...this.#live.values()])) {
      if (live.plan.startingMs !== undefined) this.#hold(live, live.plan.startingMs);
      this.#change(live, { JobRunState: 'STARTING', StateDetail: undefined });
    }
    for (const live of executable([...this.#live.values()], this.#settings.slots)) this.#execute(live);
  }

  #execute(live: LiveRun): void {
    const { logger, now } = this.#dependencies;
    const execution = live.plan.execute(live.record, {
      running: (processGroup) => {
        live.record = { ...live.record, runningSince: now(), processGroup };
        // A stop may have come while the script was being fetched: the run is STOPPING then and stays so.
        this.#change(live, live.record.run.JobRunState === 'STARTING' ? { JobRunState: 'RUNNING' } : {});
        this.#limit(live);
      },
    });
    live.execution = execution;
    execution.ended.then(
      (outcome) => {
        this.#afterExecution(live, outcome);
      },
      (error: unknown) => {
        logger.error({ run: live.record.run.Id, err: error }, 'an execution broke off');
        this.#end(live, 'ERROR', 'GLUE_INTERNAL_SERVICE_ERROR: the execution broke off.');
      },
    );
  }

  #limit(live: LiveRun): void {
    this.#after(live, live.record.run.Timeout * this.#settings.minuteMs, () => {
      live.timedOut = true;
      live.execution?.stop();
    });
  }

  #afterExecution(live: LiveRun, outcome: Outcome): void {
    if (live.stopRequestedAt !== undefined) this.#afterStopping(live);
    else if (live.timedOut)
      this.#end(live, 'TIMEOUT', `Job run exceeded its timeout of ${live.record.run.Timeout} minutes.`);
    else if (this.#closing) this.#end(live, 'FAILED', LOST_BY_SHUTDOWN);
    else this.#end(live, outcome.state, outcome.errorMessage);
  }

  #afterStopping(live: LiveRun): void {
    const since = this.#dependencies.now() - (live.stopRequestedAt ?? 0);
    const remaining = (live.plan.stoppingMs ?? 0) - since;
    if (remaining <= 0) this.#end(live, 'STOPPED');
    else
      this.#after(live, remaining, () => {
        this.#end(live, 'STOPPED');
      });
  }

  #end(live: LiveRun, state: EndedState, errorMessage?: string): void {
    live.timers.forEach(clearTimeout);
    this.#live.delete(live.record.run.Id);
    this.#endRecord(live.record, state, errorMessage);
    this.#pump();
  }

  #endRecord(record: RunRecord, state: EndedState, errorMessage?: string): void {
    const { store, now, logger, retryOf } = this.#dependencies;
    const end = now();
    const seconds = record.runningSince === undefined ? 0 : Math.round((end - record.runningSince) / 1000);
    const { autoScaling } = splitArguments(effectiveArguments(record.job, record.run)).switches;
    const ended: RunRecord = {
      ...record,
      processGroup: undefined,
      run: {
        ...record.run,
        JobRunState: state,
        StateDetail: undefined,
        ErrorMessage: errorMessage,
        CompletedOn: epochSeconds(end),
        LastModifiedOn: epochSeconds(end),
        ExecutionTime: seconds,
        DPUSeconds: reportedDpuSeconds(record.run, autoScaling, seconds),
      },
    };
    store.saveRun(ended);
    logger.info({ job: record.run.JobName, run: record.run.Id, state, errorMessage, seconds }, 'run ended');
    const retry = state === 'FAILED' && !this.#closing ? retryOf(ended) : undefined;
    if (retry !== undefined) this.submit(retry);
  }

  #change(live: LiveRun, change: Partial<JobRun>): void {
    const { store, now } = this.#dependencies;
    const run = { ...live.record.run, ...change, LastModifiedOn: epochSeconds(now()) };
    live.record = { ...live.record, run };
    store.saveRun(live.record);
  }

  #hold(live: LiveRun, milliseconds: number): void {
    live.held = true;
    this.#after(live, milliseconds, () => {
      live.held = false;
      this.#pump();
    });
  }

  #after(live: LiveRun, milliseconds: number, act: () => void): void {
    const timer = setTimeout(() => {
      live.timers.delete(timer);
      act();
    }, milliseconds);
    live.timers.add(timer);
  }
}
