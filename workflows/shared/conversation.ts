/**
 * A workflow in conversation with its operators: keeps the state, answers queries, takes commands, shows each change in
 * the search attributes and the current details, and waits for decisions. What a command does and what is shown is the
 * workflow's own: a table of commands and pure functions of its state ({@link Rules}).
 */
import {
  condition,
  defineQuery,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { SearchAttributeUpdatePair } from '@temporalio/common';
import { DEFAULT_RUN_SETTINGS } from '../../pipeline/run-context.ts';
import type { RunContext, RunSettings } from '../../pipeline/run-context.ts';
import { hoursAfter, now } from './clock.ts';
import type { Decided } from './commands/decided.ts';
import { listen, refused } from './commands/listen.ts';
import type { CommandIn, CommandTable } from './commands/table.ts';
import { Aborted, isEnding, Stopped } from './endings.ts';
import { interruptible } from './interruptible.ts';
import { searchAttributes } from './search-attributes.ts';
import type { TimelineEntry } from './timeline.ts';

/** What the conversation has to know of a state. */
interface Conversing {
  readonly timeline: readonly TimelineEntry[];
  readonly paused: object | null;
  readonly decision: { readonly kind: string } | null;
}

/** What a workflow brings into the conversation; all of it pure. */
export interface Rules<S extends Conversing, T extends CommandTable, Answer> {
  readonly commands: T;
  readonly id: (state: S) => string;
  /** What a command does, or why it can't be followed now. */
  readonly decide: (state: S, command: CommandIn<T>, at: string) => Decided<S>;
  /** What the sender of a command is told. @param before the state in which it came */
  readonly answer: (before: S, message: string) => Answer;
  readonly note: (state: S, entry: TimelineEntry) => S;
  /** The wait is over: the decision, if there is one, has been taken. */
  readonly proceed: (state: S) => S;
  /** Nobody decided in time, or a pause stopped the clock: the wait goes on. */
  readonly waitOn: (state: S, until: string, at: string) => S;
  /** Type of the failure with which an abort ends the workflow. */
  readonly aborted: string;
  /** Answer of the query `status`. */
  readonly status: (state: S) => unknown;
  /** The current details, in Markdown. */
  readonly details: (state: S) => string;
  /** By what people find it; `null` where there is nothing to find yet. */
  readonly attributes: (state: S) => readonly SearchAttributeUpdatePair[];
}

export class Conversation<S extends Conversing, T extends CommandTable, Answer> {
  readonly #rules: Rules<S, T, Answer>;
  #state: S;
  #messages = 0;
  /** Search attributes as they were last set, by name. */
  readonly #shown = new Map<string, string>();
  /** Known once the settings are read. */
  context: RunContext | undefined;

  constructor(rules: Rules<S, T, Answer>, state: S, trigger: string) {
    this.#rules = rules;
    this.#state = state;
    upsertSearchAttributes([{ key: searchAttributes.trigger, value: trigger }, ...this.#changedAttributes()]);
    setHandler(defineQuery('status'), () => rules.status(this.#state), {
      description: 'Where it stands, what it waits for and which commands it takes',
    });
    setHandler(defineQuery('timeline'), () => [...this.#state.timeline], {
      description: 'What happened when, and who asked for it',
    });
    listen<T, Answer>({
      commands: rules.commands,
      id: () => rules.id(this.#state),
      refusal: (command) => {
        const decided = rules.decide(this.#state, command, now());
        return decided.followed ? undefined : decided.refusal;
      },
      follow: (command) => this.#follow(command),
      notFollowed: (signal) => {
        this.#messages += 1;
        this.change((current, at) => rules.note(current, { at, ...signal }));
      },
    });
  }

  get state(): S {
    return this.#state;
  }

  /** Commands that this execution has followed, and signals that it has not. */
  get messages(): number {
    return this.#messages;
  }

  /** Until the settings are read: their defaults. */
  get settings(): RunSettings {
    return this.context?.settings ?? DEFAULT_RUN_SETTINGS;
  }

  /** Replaces the state and shows what changed. */
  change(transition: (state: S, at: string) => S): void {
    this.#state = transition(this.#state, now());
    const changed = this.#changedAttributes();
    if (changed.length > 0) upsertSearchAttributes(changed);
    setCurrentDetails(this.#rules.details(this.#state));
  }

  /** Those that are not shown as they are; from here on they count as shown. */
  #changedAttributes(): SearchAttributeUpdatePair[] {
    const changed: SearchAttributeUpdatePair[] = [];
    for (const pair of this.#rules.attributes(this.#state)) {
      const { name } = pair.key;
      const value = JSON.stringify(pair.value);
      if (value === (this.#shown.get(name) ?? 'null')) continue;
      this.#shown.set(name, value);
      changed.push(pair);
    }
    return changed;
  }

  #follow(command: CommandIn<T>): Answer {
    this.#messages += 1;
    const before = this.#state;
    const decided = this.#rules.decide(before, command, now());
    if (!decided.followed) throw refused(decided.refusal);
    this.change(() => decided.state);
    return this.#rules.answer(before, decided.message);
  }

  /** Told to end, by an operator or a shutdown. */
  get isEnding(): boolean {
    return isEnding(this.#state.decision);
  }

  /** @throws Aborted, Stopped when an operator ends the workflow */
  throwIfEnding(): void {
    const { decision } = this.#state;
    if (!isEnding(decision)) return;
    const { kind, by, reason } = decision;
    if (kind === 'shutdown') throw new Stopped(by, reason);
    throw new Aborted(`Aborted by ${by}: ${reason}`, this.#rules.aborted, true);
  }

  /** Runs work that an operator's ending interrupts. @throws Aborted, Stopped then */
  async untilEnding<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await interruptible(() => this.isEnding, work);
    } catch (error) {
      if (isCancellation(error)) this.throwIfEnding();
      throw error;
    }
  }

  /** Waits while it is paused. @throws Aborted, Stopped */
  async resumed(): Promise<void> {
    await condition(() => this.#state.paused === null || this.isEnding);
    this.throwIfEnding();
  }

  /** When a wait for an operator that began at `since` ends. */
  deadline(since: string): string {
    return hoursAfter(since, this.settings.parkHours);
  }

  /**
   * Waits for an operator's decision and takes it. A pause stops the clock, which begins anew when it is over.
   * @returns `undefined` when nobody decides in time and the settings say that it waits no longer
   * @param resumed waits while the workflow is paused
   * @throws Aborted, Stopped
   */
  async decided(
    resumed: () => Promise<void> = () => this.resumed(),
  ): Promise<NonNullable<S['decision']> | undefined> {
    for (;;) {
      const inTime = await condition(
        () => this.#state.decision !== null || this.#state.paused !== null,
        `${this.settings.parkHours}h`,
        { summary: 'until an operator decides' },
      );
      this.throwIfEnding();
      const { decision, paused }: S = this.#state;
      // What was accepted in the last moment counts.
      if (decision !== null) {
        this.change(this.#rules.proceed);
        return decision;
      }
      if (inTime || paused !== null) await resumed();
      else if (this.settings.parkExpiry !== 'wait') return undefined;
      this.change((state, at) => this.#rules.waitOn(state, this.deadline(at), at));
    }
  }
}
