/**
 * A run in conversation: keeps the state, answers queries, takes commands, and shows each change in the search
 * attributes and the current details. The rules themselves are in `state.ts`.
 *
 * Signal handlers log a command that can't be followed and go on; update handlers refuse it, where possible already in
 * the validator, which leaves no trace in the history. Both ask a local activity first whether the command is meant
 * for this execution: `workflowInfo().runId` must not decide it, because after a reset the same history is replayed
 * under another run id, and a decision that changes between replays breaks the run.
 */
import {
  ApplicationFailure,
  defineSignal,
  defineUpdate,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Owner } from '../../pipeline/inputs.ts';
import { runIdOf } from '../../pipeline/layout.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { local } from './activities.ts';
import { describeRun } from './details.ts';
import {
  checkpointsQuery,
  COMMAND_DESCRIPTIONS,
  COMMAND_NAMES,
  commandSchemas,
  statusQuery,
  timelineQuery,
} from './messages.ts';
import type { CommandAnswer, CommandName } from './messages.ts';
import { searchAttributes } from './search-attributes.ts';
import { decide, initialState, openCommands } from './state.ts';
import type { Command, RunState, RunStatus } from './state.ts';

/** Days shown in the search attribute: the server limits its size, and the run's record has all of them. */
const SEARCHABLE_DAYS = 60;

export class PipelineRun {
  readonly owner: Owner;
  #state: RunState;
  #shown: { status: string; stage: string | null; days: readonly string[] };
  /**
   * Tokens of Glue runs whose end was not seen, as when waiting for one was given up. A retry uses the token again and
   * finds the run, which may be alive or have succeeded; a new token would start a second one beside it.
   */
  readonly unsettledTokens = new Map<StageName, string>();
  /** Called when an operator aborts: interrupts what the run is doing. */
  onAbort: (() => void) | undefined;

  constructor(trigger: string) {
    const { workflowId, firstExecutionRunId } = workflowInfo();
    this.owner = {
      run: runIdOf(workflowId, firstExecutionRunId),
      workflowId,
      firstRunId: firstExecutionRunId,
    };
    this.#state = initialState(this.owner.run, now(), `started (${trigger})`);
    this.#shown = { status: this.#state.status, stage: null, days: [] };
    upsertSearchAttributes([
      { key: searchAttributes.status, value: this.#state.status },
      { key: searchAttributes.trigger, value: trigger },
    ]);
    this.#answerQueries();
    for (const name of COMMAND_NAMES) this.#takeCommand(name);
  }

  get state(): RunState {
    return this.#state;
  }

  /** Replaces the state and shows what changed. */
  change(transition: (state: RunState, at: string) => RunState): void {
    this.#state = transition(this.#state, now());
    const { status, stage, days } = this.#state;
    if (status !== this.#shown.status || stage !== this.#shown.stage || days !== this.#shown.days) {
      upsertSearchAttributes([
        ...(status === this.#shown.status ? [] : [{ key: searchAttributes.status, value: status }]),
        ...(stage === this.#shown.stage ? [] : [{ key: searchAttributes.stage, value: stage }]),
        ...(days === this.#shown.days
          ? []
          : [{ key: searchAttributes.dates, value: days.slice(0, SEARCHABLE_DAYS) }]),
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
  }

  /** What arrives is not typed: the UI sends whatever was typed into its form. */
  #takeCommand(name: CommandName): void {
    const description = COMMAND_DESCRIPTIONS[name];
    setHandler(defineUpdate<CommandAnswer, [unknown]>(name), (args) => this.#follow(name, args), {
      description,
      validator: (args) => {
        this.#refuseWhatCannotBe(name, args);
      },
    });
    setHandler(
      defineSignal<[unknown]>(name),
      async (args) => {
        try {
          await this.#follow(name, args);
        } catch (error) {
          if (!(error instanceof ApplicationFailure)) throw error;
          log.warn('Command was not followed', { command: name, because: error.message });
        }
      },
      { description },
    );
  }

  /** Runs only when a command arrives, never in a replay, so it may look at the current run id. */
  #refuseWhatCannotBe(name: CommandName, args: unknown): void {
    const command = parseCommand(name, args);
    const { runId, firstExecutionRunId } = workflowInfo();
    const named = command.args.run;
    if (named !== undefined && named !== runId)
      throw refused(`The command is for run ${named}; this is ${runId}.`);
    if (named === undefined && runId !== firstExecutionRunId) {
      throw refused(`This run was reset: name the run that the command is for ("run": "${runId}").`);
    }
    const decided = decide(this.#state, command, now());
    if (!decided.followed) throw refused(decided.refusal);
  }

  async #follow(name: CommandName, args: unknown): Promise<CommandAnswer> {
    const command = parseCommand(name, args);
    const { run } = command.args;
    const meant = await local.isMeantForThisRun({
      firstRunId: this.owner.firstRunId,
      ...(run === undefined ? {} : { run }),
    });
    if (!meant)
      throw refused(`The command is for ${run ?? 'a run that does not exist any more'}, not for this run.`);
    const decided = decide(this.#state, command, now());
    if (!decided.followed) throw refused(decided.refusal);
    const { stage } = this.#state;
    this.change(() => decided.state);
    if (name === 'abort') this.onAbort?.();
    return { accepted: true, stage, message: decided.message };
  }
}

function parseCommand(name: CommandName, args: unknown): Command {
  const parsed = commandSchemas[name].safeParse(args);
  if (parsed.success) return { name, args: parsed.data };
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'argument'}: ${message}`,
  );
  throw refused(`${name} takes one JSON object. ${problems.join('; ')}. ${COMMAND_DESCRIPTIONS[name]}`);
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'CommandRefused');
}

function statusOf(state: RunState): RunStatus {
  const { run, status, stage, round, stageStartedAt, glueRun, days, parked, held, cleanup } = state;
  const shown = { run, status, stage, round, stageStartedAt, glueRun, days, parked, held, cleanup };
  return { ...shown, done: state.checkpoints.length, commands: openCommands(state) };
}

/** Workflow time as ISO 8601; the same in every replay. */
export function now(): string {
  return new Date().toISOString();
}
