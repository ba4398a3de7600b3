/**
 * A run in conversation: keeps the state, answers queries, takes commands, and shows each change in the search
 * attributes and the current details. The rules themselves are in `state.ts` and `commands.ts`.
 */
import { setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Asked, Checkpoint, Progress } from '../../pipeline/checkpoint.ts';
import { glueRunToken } from '../../pipeline/glue-run.ts';
import type { TokenParts } from '../../pipeline/glue-run.ts';
import type { Owner } from '../../pipeline/inputs.ts';
import type { ParsedRequest, RetryOverrides } from '../../pipeline/request.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { now } from '../shared/clock.ts';
import { listen, refused } from '../shared/commands/listen.ts';
import { ownRunId } from '../shared/run-id.ts';
import { searchAttributes } from '../shared/search-attributes.ts';
import type { OwnRequest } from './chain.ts';
import { decide, openCommands } from './commands.ts';
import { describeRun } from './details.ts';
import {
  checkpointsQuery,
  COMMAND_DESCRIPTIONS,
  COMMAND_NAMES,
  commandSchema,
  progressQuery,
  statusQuery,
  timelineQuery,
} from './messages.ts';
import type { Command, CommandAnswer } from './messages.ts';
import { closing, glueRunEnded, initialState, isEnding, note, takeOver } from './state.ts';
import type { RunState, RunStatus } from './state.ts';

/** What an execution that grew too long hands to the next one. */
export interface Continued {
  readonly state: RunState;
  readonly progress: Progress;
  /** As in {@link Owner}. */
  readonly originalRunId: string;
}

export class PipelineRun {
  #run: string;
  readonly #originalRunId: string;
  #tokenRunId: string;
  #request: ParsedRequest;
  #state: RunState;
  #steps = 0;
  #shown: { status: string; stage: string | null; days: readonly string[] };
  readonly #rounds: Progress['rounds'] = {};
  /**
   * Tokens of Glue runs whose end was not seen, as when waiting for one was given up. A retry uses the token again and
   * finds the run, which may be alive or have succeeded; a new token would start a second one beside it.
   */
  readonly #unsettledTokens: Progress['unsettledTokens'] = {};
  #asked: Asked | undefined;
  readonly #stopped = new Set<StageName>();
  readonly #kept = new Map<StageName, Checkpoint>();
  /** Glue runs that were not seen to succeed: what they have written is unfinished. */
  readonly unfinishedGlueRuns = new Set<string>();
  /** Called when an operator ends the run: interrupts what it is doing. */
  onEnding: (() => void) | undefined;
  /** Called when an operator pauses the run. */
  onPause: (() => void) | undefined;

  constructor(request: OwnRequest, continued: Continued | undefined) {
    this.#run = continued?.state.run ?? ownRunId();
    this.#originalRunId = continued?.originalRunId ?? workflowInfo().originalExecutionRunId;
    this.#tokenRunId = this.#originalRunId;
    this.#request = request;
    this.#state = continued?.state ?? initialState(this.#run, now(), `started (${request.trigger})`);
    if (continued !== undefined) {
      this.#goOnWith(continued.progress);
      // The stages pass by again and put what they keep back.
      this.#state = { ...this.#state, checkpoints: [] };
    }
    this.#shown = { status: this.#state.status, stage: null, days: [] };
    upsertSearchAttributes([
      { key: searchAttributes.run, value: this.#run },
      { key: searchAttributes.status, value: this.#state.status },
      { key: searchAttributes.trigger, value: request.trigger },
    ]);
    this.#answerQueries();
    listen<Command, CommandAnswer>({
      names: COMMAND_NAMES,
      schema: commandSchema,
      descriptions: COMMAND_DESCRIPTIONS,
      refusal: (command) => {
        const decided = decide(this.#state, command, now());
        return decided.followed ? undefined : decided.refusal;
      },
      follow: (command) => this.#follow(command),
      notFollowed: (signal) => {
        this.#steps += 1;
        this.change((state, at) => note(state, { at, ...signal }));
      },
    });
  }

  get state(): RunState {
    return this.#state;
  }

  /** Rounds begun and commands taken by this execution: what makes its history long. */
  get steps(): number {
    return this.#steps;
  }

  /** What the run was asked to do; for a resumed run, what the closed one was. */
  get request(): ParsedRequest {
    return this.#request;
  }

  get owner(): Owner {
    return { run: this.#run, workflowId: workflowInfo().workflowId, originalRunId: this.#originalRunId };
  }

  get progress(): Progress {
    const passed = new Set(this.#state.checkpoints.map(({ stage }) => stage));
    const ahead = [...this.#kept.values()].filter(({ stage }) => !passed.has(stage));
    const { paused } = this.#state;
    return {
      run: this.#run,
      tokenRunId: this.#tokenRunId,
      request: this.#request,
      checkpoints: [...this.#state.checkpoints, ...ahead],
      rounds: { ...this.#rounds },
      unsettledTokens: { ...this.#unsettledTokens },
      unfinishedGlueRuns: [...this.unfinishedGlueRuns],
      ...(this.#asked === undefined ? {} : { asked: this.#asked }),
      ...(paused === null ? {} : { paused }),
    };
  }

  /** Goes on with what a closed execution had done. */
  takeOver(progress: Progress): void {
    const { overrides } = this.#request;
    this.#goOnWith(progress);
    if (overrides !== undefined) {
      this.#request = { ...this.#request, overrides };
      const asked = this.#asked;
      if (asked !== undefined) this.#asked = { ...asked, overrides: { ...asked.overrides, ...overrides } };
    }
    upsertSearchAttributes([{ key: searchAttributes.run, value: this.#run }]);
    this.change((state, at) => takeOver(state, progress, at));
  }

  #goOnWith(progress: Progress): void {
    const { run, tokenRunId, request, checkpoints, rounds, unsettledTokens, asked } = progress;
    this.#run = run;
    this.#tokenRunId = tokenRunId;
    this.#request = request;
    this.#asked = asked;
    Object.assign(this.#rounds, rounds);
    Object.assign(this.#unsettledTokens, unsettledTokens);
    for (const checkpoint of checkpoints) this.#kept.set(checkpoint.stage, checkpoint);
    for (const id of progress.unfinishedGlueRuns) this.unfinishedGlueRuns.add(id);
  }

  /** What an earlier execution has left of a stage. */
  kept(stage: StageName): Checkpoint | undefined {
    return this.#kept.get(stage);
  }

  /** The round in which an execution begins a stage: the one that an earlier execution did not finish, else the first. */
  firstRound(stage: StageName): number {
    return this.#rounds[stage] ?? 1;
  }

  /** An operator asked for a round: whichever execution goes on with the run begins it. */
  ask(asked: Asked): void {
    this.#asked = asked;
    this.#rounds[asked.stage] = asked.round;
  }

  /** What an operator changed for a round of a stage. */
  overridesOf(stage: StageName, round: number): RetryOverrides {
    return this.#asked?.stage === stage && this.#asked.round === round ? this.#asked.overrides : {};
  }

  beginRound(stage: StageName, round: number): void {
    this.#steps += 1;
    this.#rounds[stage] = round;
  }

  /** Whether the stage has begun a Glue run whose end was not seen. */
  hasUnsettled(stage: StageName): boolean {
    return this.#unsettledTokens[stage] !== undefined;
  }

  /** The token under which a stage starts a Glue run now, kept until {@link settle}. */
  tokenOf(stage: StageName, round: number): string {
    const { workflowId } = workflowInfo();
    const token = this.#unsettledTokens[stage] ?? glueRunToken(workflowId, this.#tokenRunId, stage, round);
    this.#unsettledTokens[stage] = token;
    this.#stopped.delete(stage);
    return token;
  }

  /** The token of a stage's Glue run that may be alive, watched or not; `undefined` when there is none. */
  unwatched(stage: StageName): string | undefined {
    return this.#stopped.has(stage) ? undefined : this.#unsettledTokens[stage];
  }

  /** The stage's Glue run was told to stop; the token stays, as it may have succeeded before: then it is adopted. */
  stopped(stage: StageName, jobRunIds: readonly string[]): void {
    this.#stopped.add(stage);
    for (const id of jobRunIds) this.unfinishedGlueRuns.add(id);
    this.change((state) => (state.stage === stage ? glueRunEnded(state) : state));
  }

  /** The end of the stage's Glue run was seen. */
  settle(stage: StageName): void {
    Reflect.deleteProperty(this.#unsettledTokens, stage);
  }

  /** Whether the run will adopt a Glue run with this token; those of rounds that it has left behind it will not. */
  willAdopt({ workflowId, originalRunId, stage, round }: TokenParts): boolean {
    const own = workflowId === workflowInfo().workflowId && originalRunId === this.#tokenRunId;
    const rounds: Readonly<Record<string, number>> = this.#rounds;
    return own && round >= (rounds[stage] ?? 1);
  }

  /** Replaces the state and shows what changed. */
  change(transition: (state: RunState, at: string) => RunState): void {
    this.#state = transition(this.#state, now());
    const { status, stage, days } = this.#state;
    if (status !== this.#shown.status || stage !== this.#shown.stage || days !== this.#shown.days) {
      upsertSearchAttributes([
        ...(status === this.#shown.status ? [] : [{ key: searchAttributes.status, value: status }]),
        ...(stage === this.#shown.stage ? [] : [{ key: searchAttributes.stage, value: stage }]),
        ...(days === this.#shown.days ? [] : [{ key: searchAttributes.dates, value: [...days] }]),
      ]);
      this.#shown = { status, stage, days };
    }
    setCurrentDetails(describeRun(this.#state));
  }

  #answerQueries(): void {
    setHandler(statusQuery, () => statusOf(this.#state), {
      description: 'Where the run is and what it waits for',
    });
    setHandler(checkpointsQuery, () => [...this.#state.checkpoints], {
      description: 'What each finished stage left',
    });
    setHandler(timelineQuery, () => [...this.#state.timeline], {
      description: 'What happened when, and who asked for it',
    });
    setHandler(progressQuery, () => this.progress, {
      description: 'All that another execution needs to go on with this run',
    });
  }

  #follow(command: Command): CommandAnswer {
    this.#steps += 1;
    const decided = decide(this.#state, command, now());
    if (!decided.followed) throw refused(decided.refusal);
    const { stage } = this.#state;
    this.change(() => decided.state);
    const { decision } = decided.state;
    if (isEnding(decision)) {
      const { by, reason } = decision;
      this.change((state) => closing(state, `told to by ${by}: ${reason}`));
      this.onEnding?.();
    }
    if (command.name === 'pause') this.onPause?.();
    return { accepted: true, stage, message: decided.message };
  }
}

function statusOf(state: RunState): RunStatus {
  const { checkpoints, timeline, decision, ended, ...shown } = state;
  const paused = ended === null ? shown.paused : null;
  return { ...shown, paused, done: checkpoints.length, commands: openCommands(state) };
}
