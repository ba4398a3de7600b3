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
import type { PipelineRequest, RetryOverrides } from '../../pipeline/request.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { now } from '../shared/clock.ts';
import { Aborted, Expired, Stopped } from '../shared/endings.ts';
import { failureOf } from '../shared/failure.ts';
import { isInChain } from './chain.ts';
import { stopLeftGlueRuns } from './glue-stop.ts';
import type { Continued, PipelineRun } from './run.ts';
import { begin, complete, keep, note, park } from './state.ts';
import type { Decision } from './state.ts';

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

/** How the workflow is begun, and continued. */
type Execution = (request: PipelineRequest, continued: Continued) => Promise<unknown>;

type Body<T> = (round: Round) => Promise<StageOutcome<T>>;

function isEnd(error: unknown): boolean {
  return error instanceof Aborted || error instanceof Stopped || error instanceof Expired;
}

export class Stages {
  readonly #run: PipelineRun;

  constructor(run: PipelineRun) {
    this.#run = run;
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
    for (let round = this.#run.ledger.firstRound(name); ; round += 1) {
      await this.#mayBegin();
      this.#run.ledger.beginRound(name, round);
      this.#run.change((state, at) => begin(state, name, round, at));
      try {
        const overrides = this.#run.ledger.overridesOf(name, round);
        const outcome = await this.#run.untilEnding(() => work({ round, overrides }));
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
        this.#run.ledger.ask({ stage: name, round: round + 1, overrides });
      }
    }
  }

  /**
   * Between two rounds: here a paused run waits, and one whose history has grown long moves to a new one. The run counts
   * for itself: the server's suggestion is not always the same in a replay as it was (docs/decisions.md).
   */
  async #mayBegin(): Promise<void> {
    await this.resumed();
    if (this.#run.steps < (isInChain() ? MOST_STEPS : this.#run.settings.historySteps)) return;
    await condition(allHandlersFinished);
    this.#run.throwIfEnding();
    if (isInChain()) this.#run.change((state, at) => note(state, { at, what: ENDS_CHAIN }));
    const { state, progress, request, owner } = this.#run;
    const continued: Continued = { state, progress, originalRunId: owner.originalRunId };
    await continueAsNew<Execution>(request, continued);
  }

  /** Waits while the run is paused. A Glue run that nobody watches is stopped, if that is asked for. */
  async resumed(): Promise<void> {
    const run = this.#run;
    const isOver = (): boolean => run.state.paused === null || run.isEnding;
    await condition(() => isOver() || this.#leftToStop() !== undefined);
    const stage = this.#leftToStop();
    if (!isOver() && stage !== undefined && run.context !== undefined) {
      await stopLeftGlueRuns(run, run.context, [stage]);
    }
    await run.resumed();
  }

  /** The stage whose Glue run may be alive although its end was asked for: waiting for it was given up before. */
  #leftToStop(): StageName | undefined {
    const { paused, stage } = this.#run.state;
    const isLeft =
      paused?.stopGlue === true && stage !== null && this.#run.ledger.unwatched(stage) !== undefined;
    return isLeft ? stage : undefined;
  }

  async #parked(stage: StageName, round: number, error: unknown): Promise<Decision> {
    const since = now();
    const until = this.#run.deadline(since);
    this.#run.change((state) => park(state, { stage, round, since, until, failure: failureOf(error) }));
    return await this.decision(`${stage} was parked and nobody decided`);
  }

  /**
   * Waits for an operator's decision and takes it.
   * @throws Aborted, Stopped, Expired when the operator ends the run, or nobody decides in time and the settings say so
   */
  async decision(expired: string): Promise<Decision> {
    const decision = await this.#run.decided(() => this.resumed());
    if (decision !== undefined) return decision;
    const { parkHours, parkExpiry } = this.#run.settings;
    const why = `${expired} within ${parkHours} hours`;
    throw parkExpiry === 'stop' ? new Stopped('the pipeline', why) : new Expired(why);
  }
}
