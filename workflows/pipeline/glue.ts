/**
 * A Glue run within a stage: start or adopt it, wait for it, and on any interruption stop it and wait until it has
 * ended. Whatever happens to this run, Glue is never left working for nobody.
 *
 * A pause keeps a Glue run going unless it asks for its end; after the pause the stage starts over, and finds the run
 * by its token where it went on or had succeeded.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { EndedGlueRun, ScriptFiles, StartedGlueRun } from '../../pipeline/activity-types.ts';
import { FAILURES } from '../../pipeline/failures.ts';
import { classifyEndedRun } from '../../pipeline/glue-run.ts';
import { layout } from '../../pipeline/layout.ts';
import type { PlannedStage } from '../../pipeline/plans.ts';
import type { Overrides } from '../../pipeline/request.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import type { ScriptName } from '../../pipeline/stages.ts';
import { interruptible } from '../shared/interruptible.ts';
import { awaitingGlue, starting } from './activities.ts';
import { stopGlueRun, stopLeftGlueRuns } from './glue-stop.ts';
import type { PipelineRun } from './run.ts';
import type { Stages } from './stage.ts';
import { cleaningUp, glueRunEnded, glueRunStarted } from './state.ts';

/** Runs of a stage in one round that failed by Glue's own fault; three in a row are not bad luck any more. */
const MAX_ATTEMPTS = 3;

/** Time for a fault of Glue's to pass before the next attempt; doubles. */
const ATTEMPT_PAUSE_SECONDS = 15;

export interface GlueWork {
  readonly stage: PlannedStage;
  readonly script: ScriptName;
  readonly scriptDigest: string;
  readonly files: ScriptFiles;
  readonly round: number;
  readonly overrides: Overrides;
}

export interface GlueResult {
  /** Key of the report that the script wrote. */
  readonly report: string;
  readonly ended: EndedGlueRun;
}

export class GlueStage {
  readonly #run: PipelineRun;
  readonly #stages: Stages;
  readonly #context: RunContext;
  readonly #work: GlueWork;

  constructor(run: PipelineRun, stages: Stages, context: RunContext, work: GlueWork) {
    this.#run = run;
    this.#stages = stages;
    this.#context = context;
    this.#work = work;
  }

  async result(): Promise<GlueResult> {
    try {
      let faults = 0;
      for (;;) {
        await this.#stages.resumed();
        const finished = await this.#startAndAwait();
        if (finished === undefined) continue;
        const { jobName, jobRunId, ended } = finished;
        const failure = classifyEndedRun(ended);
        if (failure === undefined) {
          const reports = layout.stageReports(this.#context.owner.run, this.#work.stage);
          return { report: `${reports}${jobRunId}.json`, ended };
        }
        faults += 1;
        if (FAILURES[failure].handling !== 'retry' || faults === MAX_ATTEMPTS) {
          const { errorMessage } = ended;
          const said = errorMessage === undefined ? 'without an error message' : `with: ${errorMessage}`;
          throw ApplicationFailure.nonRetryable(
            `Glue run ${jobRunId} of ${jobName} ended ${ended.state} ${said}`,
            failure,
          );
        }
        this.#run.change(glueRunEnded);
        await sleep(ATTEMPT_PAUSE_SECONDS * 2 ** (faults - 1) * 1000);
      }
    } catch (error) {
      if (isCancellation(error)) {
        const { stage } = this.#work;
        this.#run.change((state, at) => cleaningUp(state, `stopping the Glue run of ${stage}`, at));
        await stopLeftGlueRuns(this.#run, this.#context, [stage]);
      }
      throw error;
    }
  }

  /** @returns `undefined` when a pause came in between */
  async #startAndAwait(): Promise<{ jobName: string; jobRunId: string; ended: EndedGlueRun } | undefined> {
    const { round, ...work } = this.#work;
    const { stage } = work;
    const { ledger } = this.#run;
    const tokenUsed = ledger.isUnsettled(stage);
    const request = { ...work, token: ledger.tokenOf(stage, round), tokenUsed };
    const started = await this.#unlessPaused('always', () =>
      starting.startGlueRun.executeWithOptions({ summary: stage }, [this.#context, request]),
    );
    if (started === undefined) {
      await this.#stopIfAsked();
      return undefined;
    }
    const { jobName, jobRunId } = started;
    ledger.started(jobRunId);
    this.#run.change((state, at) => glueRunStarted(state, { jobName, jobRunId }, at));
    const ended = await this.#unlessPaused('to stop Glue', () => this.#awaitEnd(started));
    if (ended === undefined) {
      await this.#stopIfAsked();
      return undefined;
    }
    ledger.settle(stage, jobRunId, { succeeded: classifyEndedRun(ended) === undefined });
    return { jobName, jobRunId, ended };
  }

  /** Time also runs out while no worker is there to look. Glue's own limit has passed by then: there is an end to see. */
  async #awaitEnd({ jobName, jobRunId, timeoutMinutes }: StartedGlueRun): Promise<EndedGlueRun> {
    const { stage } = this.#work;
    try {
      return await awaitingGlue(timeoutMinutes, stage).awaitGlueRun(this.#context, { jobName, jobRunId });
    } catch (error) {
      const ranOut = error instanceof ActivityFailure && error.cause instanceof TimeoutFailure;
      if (!ranOut) throw error;
      return await awaitingGlue(0, stage).awaitGlueRun(this.#context, { jobName, jobRunId });
    }
  }

  /** Runs work that a pause interrupts; `undefined` when one did. */
  async #unlessPaused<T>(when: 'always' | 'to stop Glue', work: () => Promise<T>): Promise<T | undefined> {
    const outer = CancellationScope.current();
    const isPaused = (): boolean => {
      const { paused } = this.#run.state;
      return paused !== null && (when === 'always' || paused.stopGlue);
    };
    try {
      return await interruptible(isPaused, work);
    } catch (error) {
      if (!isCancellation(error) || outer.consideredCancelled) throw error;
      return undefined;
    }
  }

  async #stopIfAsked(): Promise<void> {
    if (this.#run.state.paused?.stopGlue !== true) return;
    await CancellationScope.nonCancellable(() => stopGlueRun(this.#run, this.#context, this.#work.stage));
  }
}
