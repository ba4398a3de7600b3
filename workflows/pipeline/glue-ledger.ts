/**
 * What a run knows of the rounds of its stages and of the Glue runs that it has begun in them: which token a Glue run
 * has, whose end was not seen, what is unfinished. It calls nobody, so its rules are tested by themselves.
 */
import type { Asked, Progress } from '../../pipeline/checkpoint.ts';
import { glueRunToken } from '../../pipeline/glue-run.ts';
import type { TokenParts } from '../../pipeline/glue-run.ts';
import type { RetryOverrides } from '../../pipeline/request.ts';
import type { StageName } from '../../pipeline/stages.ts';

/** As a closed execution hands it on. */
type Entries = Pick<Progress, 'tokenRunId' | 'rounds' | 'unsettledTokens' | 'unfinishedGlueRuns' | 'asked'>;

export class GlueLedger {
  readonly #workflowId: string;
  #tokenRunId: string;
  readonly #rounds = new Map<StageName, number>();
  /**
   * Tokens of Glue runs whose end was not seen, as when waiting for one was given up. A retry uses the token again and
   * finds the run, which may be alive or have succeeded; a new token would start a second one beside it.
   */
  readonly #unsettled = new Map<StageName, string>();
  readonly #stopped = new Set<StageName>();
  /** Glue runs that were not seen to succeed: what they have written is unfinished. */
  readonly #unfinished = new Set<string>();
  #asked: Asked | undefined;
  #begun = 0;

  constructor(workflowId: string, tokenRunId: string) {
    this.#workflowId = workflowId;
    this.#tokenRunId = tokenRunId;
  }

  get entries(): Entries {
    return {
      tokenRunId: this.#tokenRunId,
      rounds: Object.fromEntries(this.#rounds),
      unsettledTokens: Object.fromEntries(this.#unsettled),
      unfinishedGlueRuns: [...this.#unfinished],
      ...(this.#asked === undefined ? {} : { asked: this.#asked }),
    };
  }

  /** Goes on with what an earlier execution had entered. */
  adopt({ tokenRunId, rounds, unsettledTokens, unfinishedGlueRuns, asked }: Entries): void {
    this.#tokenRunId = tokenRunId;
    for (const [stage, round] of entriesOf(rounds)) this.#rounds.set(stage, round);
    for (const [stage, token] of entriesOf(unsettledTokens)) this.#unsettled.set(stage, token);
    for (const jobRunId of unfinishedGlueRuns) this.#unfinished.add(jobRunId);
    this.#asked = asked;
  }

  /** Rounds begun by this execution. */
  get begun(): number {
    return this.#begun;
  }

  /** The round in which an execution begins a stage: the one that an earlier execution did not finish, else the first. */
  firstRound(stage: StageName): number {
    return this.#rounds.get(stage) ?? 1;
  }

  beginRound(stage: StageName, round: number): void {
    this.#begun += 1;
    this.#rounds.set(stage, round);
  }

  /** An operator asked for a round: whichever execution goes on with the run begins it. */
  ask(asked: Asked): void {
    this.#asked = asked;
    this.#rounds.set(asked.stage, asked.round);
  }

  /** What an operator changed for a round of a stage. */
  overridesOf(stage: StageName, round: number): RetryOverrides {
    return this.#asked?.stage === stage && this.#asked.round === round ? this.#asked.overrides : {};
  }

  /** Whether the stage has begun a Glue run whose end was not seen. */
  isUnsettled(stage: StageName): boolean {
    return this.#unsettled.has(stage);
  }

  /** The token under which a stage starts a Glue run now, kept until {@link settle}. */
  tokenOf(stage: StageName, round: number): string {
    const token =
      this.#unsettled.get(stage) ?? glueRunToken(this.#workflowId, this.#tokenRunId, stage, round);
    this.#unsettled.set(stage, token);
    this.#stopped.delete(stage);
    return token;
  }

  started(jobRunId: string): void {
    this.#unfinished.add(jobRunId);
  }

  /** The end of the stage's Glue run was seen. */
  settle(stage: StageName, jobRunId: string, { succeeded }: { readonly succeeded: boolean }): void {
    this.#unsettled.delete(stage);
    if (succeeded) this.#unfinished.delete(jobRunId);
  }

  /** The stage's Glue run was told to stop; the token stays, as it may have succeeded before: then it is adopted. */
  stopped(stage: StageName, jobRunIds: readonly string[]): void {
    this.#stopped.add(stage);
    for (const jobRunId of jobRunIds) this.#unfinished.add(jobRunId);
  }

  /** The token of a stage's Glue run that may be alive, watched or not; `undefined` when there is none. */
  unwatched(stage: StageName): string | undefined {
    return this.#stopped.has(stage) ? undefined : this.#unsettled.get(stage);
  }

  /** Whether the run will adopt a Glue run with this token; those of rounds that it has left behind it will not. */
  willAdopt({ workflowId, originalRunId, stage, round }: TokenParts): boolean {
    const own = workflowId === this.#workflowId && originalRunId === this.#tokenRunId;
    const rounds: ReadonlyMap<string, number> = this.#rounds;
    return own && round >= (rounds.get(stage) ?? 1);
  }
}

function entriesOf<T>(record: Readonly<Partial<Record<StageName, T>>>): [StageName, T][] {
  // Its keys are stages, none of them without a value: they have been parsed as such.
  return Object.entries(record) as [StageName, T][];
}
