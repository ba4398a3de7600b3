/**
 * Emergency shutdowns. The work is a workflow's (`emergencyShutdown`); where no worker takes it within seconds, this
 * client does directly what needs none: pause the schedules, tell the runs, stop the Glue runs. The workflow does the
 * rest when a worker is back, and takes what was done here for its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, WorkflowIdConflictPolicy } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import { runIdOf } from '../pipeline/layout.ts';
import type { Settings } from '../pipeline/settings.ts';
import {
  SHUTDOWN_WORKFLOW,
  shutdownMark,
  shutdownRequestSchema,
  shutdownWorkflowId,
} from '../pipeline/shutdown.ts';
import type { ShutdownRequest } from '../pipeline/shutdown.ts';
import type { ShutdownResult, ShutdownStatus } from '../workflows/emergency-shutdown/messages.ts';
import { serverOf } from './connection.ts';
import type { TemporalLink } from './connection.ts';
import { causesOf, checkRequest, explain, shapeOf } from './errors.ts';
import type { GlueRuns } from './glue-runs.ts';
import type { RunReference } from './references.ts';
import type { Runs } from './runs.ts';
import type { Schedules } from './schedules.ts';

export interface ShutdownReference {
  /** Under which it is undone. */
  readonly shutdown: string;
  readonly workflowId: string;
  readonly runId: string;
}

/** What was done without a worker, also of a measure that could not be done whole. */
export interface DirectMeasures {
  readonly schedules: readonly string[];
  readonly runs: readonly string[];
  readonly glueRuns: readonly string[];
  /** Why a measure could not be done, or not whole. */
  readonly problems: Readonly<Partial<Record<MeasureName, string>>>;
}
export type MeasureName = 'schedules' | 'runs' | 'glueRuns';

/** How a shutdown ended; one that could not do all of it has failed. */
export type ShutdownEnd =
  | { readonly ended: 'completed'; readonly result: ShutdownResult }
  | { readonly ended: 'failed'; readonly message: string };

/** A worker that is there takes a workflow within milliseconds; one that replays much within a second or two. */
const TAKEN_WITHIN_MS = 3_000;
const LOOK_MS = 100;

/** Events of an execution that no worker has begun: it was started, and a task was scheduled. */
const EVENTS_BEFORE_A_WORKER = 2;

/** Begins emergency shutdowns, and does without a worker what can be done without one. */
export class Shutdowns {
  readonly #link: TemporalLink;
  readonly #settings: Settings;
  readonly #runs: Runs;
  readonly #schedules: Schedules;
  readonly #glue: GlueRuns;

  constructor(
    link: TemporalLink,
    settings: Settings,
    parts: { readonly runs: Runs; readonly schedules: Schedules; readonly glue: GlueRuns },
  ) {
    this.#link = link;
    this.#settings = settings;
    this.#runs = parts.runs;
    this.#schedules = parts.schedules;
    this.#glue = parts.glue;
  }

  /** Begins a shutdown, or joins the one that is under way. */
  async start(request: ShutdownRequest): Promise<ShutdownReference> {
    checkRequest(shutdownRequestSchema, request);
    const base = shutdownWorkflowId(this.#settings.pipeline);
    // A look must not join a shutdown, nor the other way round.
    const workflowId = request.dryRun === true ? `${base}-look` : base;
    try {
      const handle = await this.#link.client.workflow.start(SHUTDOWN_WORKFLOW, {
        workflowId,
        taskQueue: this.#settings.taskQueue,
        args: [request],
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
        staticSummary: `${request.by}: ${request.reason}`.slice(0, 200),
      });
      const runId = handle.firstExecutionRunId;
      return { shutdown: runIdOf(workflowId, runId), workflowId, runId };
    } catch (error) {
      throw explain(error, serverOf(this.#link));
    }
  }

  /** Whether a worker has begun with it, after a short wait. */
  async isTaken(reference: ShutdownReference): Promise<boolean> {
    const handle = this.#handle(reference);
    for (const deadline = Date.now() + TAKEN_WITHIN_MS; Date.now() < deadline;) {
      const { historyLength } = await handle.describe();
      if (historyLength > EVENTS_BEFORE_A_WORKER) return true;
      await sleep(LOOK_MS);
    }
    return false;
  }

  /** Does without a worker what can be done without one. Each measure is tried, whatever becomes of the others. */
  async actDirectly(
    { shutdown }: ShutdownReference,
    { by, reason }: ShutdownRequest,
  ): Promise<DirectMeasures> {
    const note = `${shutdownMark(shutdown)} by ${by}: ${reason}`;
    return await attempted({
      schedules: (did) => this.#schedules.pauseAll(note, did),
      runs: (did) => this.#runs.tellAll({ by, reason, shutdown }, did),
      glueRuns: (did) => this.#glue.stopAll(did),
    });
  }

  /** Does of the shutdown of one run what needs no worker. */
  async stopRunDirectly(
    run: RunReference,
    { by, reason }: Pick<ShutdownRequest, 'by' | 'reason'>,
  ): Promise<Omit<DirectMeasures, 'schedules'>> {
    const { schedules: _none, ...done } = await attempted({
      runs: async (did) => {
        if (await this.#runs.tellToStop(run, { by, reason })) did(run.workflowId);
      },
      glueRuns: (did) => this.#glue.stopAll(did, run.run),
    });
    return done;
  }

  async status(reference: ShutdownReference): Promise<ShutdownStatus> {
    try {
      return await this.#handle(reference).query<ShutdownStatus>('status');
    } catch (error) {
      throw explain(error, `shutdown ${reference.shutdown}`);
    }
  }

  async result(reference: ShutdownReference): Promise<ShutdownEnd> {
    try {
      return { ended: 'completed', result: await this.#handle(reference).result() };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw explain(error, serverOf(this.#link));
      const [, cause = error] = causesOf(error);
      return { ended: 'failed', message: shapeOf(cause).message };
    }
  }

  #handle({
    workflowId,
    runId,
  }: ShutdownReference): WorkflowHandle<(request: ShutdownRequest) => Promise<ShutdownResult>> {
    return this.#link.client.workflow.getHandle(workflowId, runId);
  }
}

type Measure = (did: (what: string) => void) => Promise<void>;

/** Tries each measure; keeps what it did and why it could not do the rest. */
async function attempted(measures: Readonly<Partial<Record<MeasureName, Measure>>>): Promise<DirectMeasures> {
  const problems: Partial<Record<MeasureName, string>> = {};
  const tried = async (name: MeasureName): Promise<string[]> => {
    const done: string[] = [];
    try {
      await measures[name]?.((what) => done.push(what));
    } catch (error) {
      problems[name] = explain(error, 'shutdown').message;
    }
    return done;
  };
  const [schedules, runs, glueRuns] = await Promise.all([
    tried('schedules'),
    tried('runs'),
    tried('glueRuns'),
  ]);
  return { schedules, runs, glueRuns, problems };
}
