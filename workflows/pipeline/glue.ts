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
import type { Overrides } from '../../pipeline/request.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { STAGE_NAMES, STAGES } from '../../pipeline/stages.ts';
import type { ScriptName, StageName } from '../../pipeline/stages.ts';
import { failureOf } from '../shared/failure.ts';
import { awaitingGlue, long, starting } from './activities.ts';
import type { PipelineRun } from './run.ts';
import type { Stages } from './stage.ts';
import { cleaningUp, glueRunEnded, glueRunStarted, note } from './state.ts';

/** Runs of a stage in one round that failed by Glue's own fault; three in a row are not bad luck any more. */
const MAX_ATTEMPTS = 3;

/** Time for a fault of Glue's to pass before the next attempt; doubles. */
const ATTEMPT_PAUSE_SECONDS = 15;

export interface GlueWork {
  readonly stage: StageName;
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
    const tokenUsed = this.#run.hasUnsettled(stage);
    const token = this.#run.tokenOf(stage, round);
    const request = { ...work, plan: `${stage}-plan`, token, tokenUsed };
    const started = await this.#unlessPaused('always', () =>
      starting.startGlueRun.executeWithOptions({ summary: stage }, [this.#context, request]),
    );
    if (started === undefined) {
      await this.#stopIfAsked();
      return undefined;
    }
    const { jobName, jobRunId } = started;
    this.#run.unfinishedGlueRuns.add(jobRunId);
    this.#run.change((state, at) => glueRunStarted(state, { jobName, jobRunId }, at));
    const ended = await this.#unlessPaused('to stop Glue', () => this.#awaitEnd(started));
    if (ended === undefined) {
      await this.#stopIfAsked();
      return undefined;
    }
    this.#run.settle(stage);
    if (classifyEndedRun(ended) === undefined) this.#run.unfinishedGlueRuns.delete(jobRunId);
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
    const scope = new CancellationScope();
    const outer = CancellationScope.current();
    const interrupt = (): void => {
      const { paused } = this.#run.state;
      if (paused !== null && (when === 'always' || paused.stopGlue)) scope.cancel();
    };
    this.#run.onPause = interrupt;
    try {
      return await scope.run(() => {
        interrupt();
        return work();
      });
    } catch (error) {
      if (!isCancellation(error) || outer.consideredCancelled) throw error;
      return undefined;
    } finally {
      this.#run.onPause = undefined;
    }
  }

  async #stopIfAsked(): Promise<void> {
    if (this.#run.state.paused?.stopGlue === true) await this.#stop();
  }

  async #stop(): Promise<void> {
    await CancellationScope.nonCancellable(() => stopGlueRun(this.#run, this.#context, this.#work.stage));
  }
}

/** Stops the Glue run of a stage whose end was not seen, and waits until it has ended. */
async function stopGlueRun(run: PipelineRun, context: RunContext, stage: StageName): Promise<void> {
  const token = run.unwatched(stage);
  const { script } = STAGES[stage];
  if (token === undefined || script === undefined) return;
  const { state } = run;
  const known = state.stage === stage && state.glueRun !== null ? { jobRunId: state.glueRun.jobRunId } : {};
  const { jobRunIds, stillStopping = [] } = await long.stopGlueRun(context, { script, token, ...known });
  run.stopped(stage, jobRunIds);
  if (stillStopping.length > 0) {
    const what = `${stillStopping.join(', ')} of ${stage} was told to stop and has not ended yet`;
    run.change((current, at) => note(current, { at, what }));
  }
}

/**
 * Stops what the run leaves behind when it ends early or goes on without a stage: Glue runs whose end it did not see,
 * as when waiting for one was given up. One that can't be stopped keeps nothing from going on: it is named, and the
 * next run's look for orphans stops it.
 */
export async function stopLeftGlueRuns(
  run: PipelineRun,
  context: RunContext,
  stages: readonly StageName[] = STAGE_NAMES,
): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    for (const stage of stages) {
      try {
        await stopGlueRun(run, context, stage);
      } catch (error) {
        const { type, message } = failureOf(error);
        const what = `the Glue run of ${stage} could not be stopped: ${type}: ${message}`;
        run.change((state, at) => note(state, { at, what }));
      }
    }
  });
}
