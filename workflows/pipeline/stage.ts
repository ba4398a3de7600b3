/**
 * How a stage is run: once, unless it gives up. Then the run parks, visibly, until an operator asks for another round,
 * skips the stage or ends the run. Attempts within a round are the activities' own retries. A paused run begins no
 * round; a resumed one passes by the stages that had finished.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  isCancellation,
} from '@temporalio/workflow';
import type { RetryOverrides } from '../../pipeline/request.ts';
import { DEFAULT_RUN_SETTINGS } from '../../pipeline/run-context.ts';
import type { RunContext, RunSettings } from '../../pipeline/run-context.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { hoursAfter, now } from '../shared/clock.ts';
import { failureOf } from '../shared/failure.ts';
import { interruptible } from '../shared/interruptible.ts';
import { isInChain } from './chain.ts';
import { stopLeftGlueRuns } from './glue.ts';
import type { Continued, PipelineRun } from './run.ts';
import { begin, complete, isEnding, keep, note, park, proceed, waitOn } from './state.ts';
import type { Decision } from './state.ts';
import type { musicStreamingPipeline } from './workflow.ts';

export interface Round {
  readonly round: number;
  /** What the operator changed for this round; empty in the first. */
  readonly overrides: RetryOverrides;
}

/** A stage's result and one line about it for people. */
export interface StageOutcome<T> {
  readonly result: T;
  readonly summary: string;
}

/**
 * A new history has no cron schedule, so a run of a chain moves to one only when it must: each step takes up to 20 events,
 * and Temporal ends a run at 51,200.
 */
const MOST_STEPS = 2_000;

const ENDS_CHAIN = 'moved to a new history, which ended the cron chain: start the chain again';

type Body<T> = (round: Round) => Promise<StageOutcome<T>>;

/** The run ends on an operator's word; its inputs are free. */
export class Aborted extends ApplicationFailure {}

/** The run ends and can be resumed. */
export class Stopped extends ApplicationFailure {
  readonly by: string;
  readonly why: string;

  constructor(by: string, why: string) {
    super(`Stopped by ${by}: ${why}`, 'RunStopped', true);
    this.by = by;
    this.why = why;
  }
}

/** Nobody decided in time, and the settings say that the run fails then. */
class Expired extends ApplicationFailure {}

function isEnd(error: unknown): boolean {
  return error instanceof Aborted || error instanceof Stopped || error instanceof Expired;
}

export class Stages {
  readonly #run: PipelineRun;
  /** Known once the first stage has read the settings. */
  context: RunContext | undefined;

  constructor(run: PipelineRun) {
    this.#run = run;
  }

  /** Until the settings are read: their defaults. */
  get #settings(): RunSettings {
    return this.context?.settings ?? DEFAULT_RUN_SETTINGS;
  }

  /**
   * Runs a stage whose result the run can't do without.
   * @param again what a resumed run does when the stage had finished; nothing when absent
   */
  async required<T>(
    name: StageName,
    body: Body<T>,
    again?: (kept: T, round: Round) => Promise<StageOutcome<T>>,
  ): Promise<T> {
    const outcome = await this.#rounds(name, body, again);
    if (outcome === undefined)
      throw ApplicationFailure.nonRetryable(`${name} was skipped, which it does not allow`);
    return outcome.result;
  }

  /** Runs a stage that an operator may skip; `undefined` then. */
  async optional<T>(name: StageName, body: Body<T>): Promise<T | undefined> {
    return (await this.#rounds(name, body))?.result;
  }

  /** Records that there is nothing to do for a stage. */
  notNeeded(name: StageName, because: string): void {
    this.#run.change((state, at) =>
      complete(begin(state, name, 1, at), 'not needed', { summary: because }, at),
    );
  }

  async #rounds<T>(
    name: StageName,
    body: Body<T>,
    again?: (kept: T, round: Round) => Promise<StageOutcome<T>>,
  ): Promise<StageOutcome<T> | undefined> {
    const kept = this.#run.kept(name);
    // What an execution of this workflow wrote as the stage's result, this one reads as such.
    const result = kept?.result as T;
    if (kept !== undefined && (again === undefined || kept.outcome === 'skipped')) {
      this.#run.change((state) => keep(state, kept));
      return kept.outcome === 'skipped' ? undefined : { result, summary: kept.summary };
    }
    const work: Body<T> = kept === undefined || again === undefined ? body : (round) => again(result, round);
    for (let round = this.#run.firstRound(name); ; round += 1) {
      await this.#mayBegin();
      this.#run.beginRound(name, round);
      this.#run.change((state, at) => begin(state, name, round, at));
      try {
        const overrides = this.#run.overridesOf(name, round);
        const outcome = await this.#interruptible(() => work({ round, overrides }));
        this.#run.change((state, at) => complete(state, 'done', outcome, at));
        return outcome;
      } catch (error) {
        if (isCancellation(error) || isEnd(error)) throw error;
        const decision = await this.#parked(name, round, error);
        if (decision.kind === 'skip') {
          this.#run.change((state, at) => complete(state, 'skipped', { summary: 'by an operator' }, at));
          return undefined;
        }
        const { overrides = {} } = decision.kind === 'retry' ? decision : {};
        this.#run.ask({ stage: name, round: round + 1, overrides });
      }
    }
  }

  /**
   * Between two rounds: here a paused run waits, and one whose history has grown long moves to a new one. The run counts
   * for itself: the server's suggestion is not always the same in a replay as it was (docs/decisions.md).
   */
  async #mayBegin(): Promise<void> {
    await this.resumed();
    if (this.#run.steps < (isInChain() ? MOST_STEPS : this.#settings.historySteps)) return;
    await condition(allHandlersFinished);
    this.throwIfEnding();
    if (isInChain()) this.#run.change((state, at) => note(state, { at, what: ENDS_CHAIN }));
    const { state, progress, request, owner } = this.#run;
    const continued: Continued = { state, progress, originalRunId: owner.originalRunId };
    await continueAsNew<typeof musicStreamingPipeline>(request, continued);
  }

  /** Waits while the run is paused. A Glue run that nobody watches is stopped, if that is asked for. */
  async resumed(): Promise<void> {
    const isOver = (): boolean => this.#run.state.paused === null || isEnding(this.#run.state.decision);
    await condition(() => isOver() || this.#leftToStop() !== undefined);
    const stage = this.#leftToStop();
    if (!isOver() && stage !== undefined && this.context !== undefined) {
      await stopLeftGlueRuns(this.#run, this.context, [stage]);
    }
    await condition(isOver);
    this.throwIfEnding();
  }

  /** The stage whose Glue run may be alive although its end was asked for: waiting for it was given up before. */
  #leftToStop(): StageName | undefined {
    const { paused, stage } = this.#run.state;
    const isLeft = paused?.stopGlue === true && stage !== null && this.#run.unwatched(stage) !== undefined;
    return isLeft ? stage : undefined;
  }

  #interruptible<T>(work: () => Promise<T>): Promise<T> {
    return interruptible(work, {
      arm: (interrupt) => {
        this.#run.onEnding = interrupt;
      },
      throwIfEnding: () => {
        this.throwIfEnding();
      },
    });
  }

  async #parked(stage: StageName, round: number, error: unknown): Promise<Decision> {
    const since = now();
    this.#run.change((state) =>
      park(state, { stage, round, since, until: this.deadline(since), failure: failureOf(error) }),
    );
    return await this.decision(`${stage} was parked and nobody decided`);
  }

  /** When a wait for an operator that began at `since` ends. */
  deadline(since: string): string {
    return hoursAfter(since, this.#settings.parkHours);
  }

  /**
   * Waits for an operator's decision and takes it. A pause stops the clock, which begins anew when it is over.
   * @throws Aborted, Stopped, Expired when the operator ends the run, or nobody decides in time and the settings say so
   */
  async decision(expired: string): Promise<Decision> {
    const { parkHours, parkExpiry } = this.#settings;
    const isPaused = (): boolean => this.#run.state.paused !== null;
    for (;;) {
      const inTime = await condition(
        () => this.#run.state.decision !== null || isPaused(),
        `${String(parkHours)}h`,
        { summary: 'until an operator decides' },
      );
      this.throwIfEnding();
      const { decision, paused } = this.#run.state;
      // What was accepted in the last moment counts.
      if (decision !== null) {
        this.#run.change(proceed);
        return decision;
      }
      const why = `${expired} within ${String(parkHours)} hours`;
      if (inTime || paused !== null) await this.resumed();
      else if (parkExpiry === 'stop') throw new Stopped('the pipeline', why);
      else if (parkExpiry === 'fail') throw new Expired(why, 'ParkExpired', true);
      this.#run.change((state, at) => waitOn(state, this.deadline(at), at));
    }
  }

  throwIfEnding(): void {
    const { decision } = this.#run.state;
    if (decision?.kind === 'shutdown') throw new Stopped(decision.by, decision.reason);
    if (decision?.kind === 'abort')
      throw new Aborted(`Aborted by ${decision.by}: ${decision.reason}`, 'RunAborted', true);
  }
}
