/**
 * How a stage is run: once, unless it gives up. Then the run parks, visibly, until an operator asks for another round,
 * skips the stage or aborts the run. Attempts within a round are the activities' own retries.
 */
import { ApplicationFailure, CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Overrides } from '../../pipeline/request.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { failureOf } from './failure.ts';
import { now } from './run.ts';
import type { PipelineRun } from './run.ts';
import { begin, complete, park, proceed } from './state.ts';
import type { Decision } from './state.ts';

export interface Round {
  readonly round: number;
  /** What the operator changed for this round; empty in the first. */
  readonly overrides: Overrides;
}

/** A stage's result and one line about it for people. */
export interface StageOutcome<T> {
  readonly result: T;
  readonly summary: string;
}

type Body<T> = (round: Round) => Promise<StageOutcome<T>>;

export class Aborted extends ApplicationFailure {}

/** Until the settings are read: the default of `MSP_PARK_HOURS`. */
export const DEFAULT_PARK_HOURS = 72;

export class Stages {
  readonly #run: PipelineRun;
  parkHours = DEFAULT_PARK_HOURS;

  constructor(run: PipelineRun) {
    this.#run = run;
  }

  /** Runs a stage whose result the run can't do without. */
  async required<T>(name: StageName, body: Body<T>): Promise<T> {
    const outcome = await this.#rounds(name, body);
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
    this.#run.change((state, at) => complete(begin(state, name, 1, at), 'not needed', because, at));
  }

  async #rounds<T>(name: StageName, body: Body<T>): Promise<StageOutcome<T> | undefined> {
    let overrides: Overrides = {};
    for (let round = 1; ; round += 1) {
      this.#run.change((state, at) => begin(state, name, round, at));
      try {
        const outcome = await this.#interruptible(() => body({ round, overrides }));
        this.#run.change((state, at) => complete(state, 'done', outcome.summary, at));
        return outcome;
      } catch (error) {
        if (isCancellation(error) || error instanceof Aborted) throw error;
        const decision = await this.#parked(name, round, error);
        if (decision.kind === 'skip') {
          this.#run.change((state, at) => complete(state, 'skipped', 'by an operator', at));
          return undefined;
        }
        overrides = decision.kind === 'retry' ? (decision.overrides ?? {}) : {};
      }
    }
  }

  /** Runs work that an abort interrupts; the work's own clean-up comes first. */
  async #interruptible<T>(work: () => Promise<T>): Promise<T> {
    const scope = new CancellationScope();
    this.#run.onAbort = () => {
      scope.cancel();
    };
    try {
      return await scope.run(work);
    } catch (error) {
      if (isCancellation(error)) this.throwIfAborted();
      throw error;
    } finally {
      this.#run.onAbort = undefined;
    }
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
    return new Date(Date.parse(since) + this.parkHours * 3_600_000).toISOString();
  }

  /**
   * Waits for an operator's decision and takes it.
   * @throws Aborted when the operator aborts; a `ParkExpired` failure when nobody decides in time
   */
  async decision(expired: string): Promise<Decision> {
    const decided = await condition(() => this.#run.state.decision !== null, `${String(this.parkHours)}h`);
    this.throwIfAborted();
    const { decision } = this.#run.state;
    if (!decided || decision === null) {
      throw ApplicationFailure.nonRetryable(
        `${expired} within ${String(this.parkHours)} hours`,
        'ParkExpired',
      );
    }
    this.#run.change(proceed);
    return decision;
  }

  throwIfAborted(): void {
    const { decision } = this.#run.state;
    if (decision?.kind !== 'abort') return;
    throw new Aborted(`Aborted by ${decision.by}: ${decision.reason}`, 'RunAborted', true);
  }
}
