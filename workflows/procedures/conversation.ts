/**
 * A procedure in conversation: keeps the state, answers queries, takes commands, and shows each change in the search
 * attributes and the current details. The rules themselves are in `state.ts` and `commands.ts`.
 */
import { setCurrentDetails, setHandler, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { Owner } from '../../pipeline/inputs.ts';
import type { ProcedureName } from '../../pipeline/procedures/steps.ts';
import { now } from '../shared/clock.ts';
import { listen, refused } from '../shared/commands/listen.ts';
import { ownRunId } from '../shared/run-id.ts';
import { searchAttributes } from '../shared/search-attributes.ts';
import { decide, openCommands } from './commands.ts';
import { describeProcedure } from './details.ts';
import {
  COMMAND_DESCRIPTIONS,
  commandSchema,
  PROCEDURE_COMMANDS,
  statusQuery,
  timelineQuery,
} from './messages.ts';
import type { ProcedureAnswer, ProcedureCommand } from './messages.ts';
import { initialState, note } from './state.ts';
import type { ProcedureState, ProcedureStatus, Word } from './state.ts';

export class Conversation {
  readonly owner: Owner;
  #state: ProcedureState;
  #shown: { status: string; step: string | null };
  /** Called when an operator aborts: interrupts what the procedure is doing. */
  onAbort: (() => void) | undefined;

  constructor(procedure: ProcedureName, word: Word) {
    const { workflowId, originalExecutionRunId } = workflowInfo();
    const id = ownRunId();
    this.owner = { run: id, workflowId, originalRunId: originalExecutionRunId };
    this.#state = initialState(id, procedure, word, now());
    this.#shown = { status: this.#state.status, step: null };
    upsertSearchAttributes([
      { key: searchAttributes.run, value: id },
      { key: searchAttributes.status, value: this.#state.status },
      { key: searchAttributes.trigger, value: procedure },
    ]);
    setHandler(statusQuery, () => statusOf(this.#state), {
      description: 'Plan, steps, what the procedure waits for and which commands it takes',
    });
    setHandler(timelineQuery, () => [...this.#state.timeline], {
      description: 'What happened when, and who asked for it',
    });
    listen<ProcedureCommand, ProcedureAnswer>({
      names: PROCEDURE_COMMANDS,
      schema: commandSchema,
      descriptions: COMMAND_DESCRIPTIONS,
      refusal: (command) => {
        const decided = decide(this.#state, command, now());
        return decided.followed ? undefined : decided.refusal;
      },
      follow: (command) => this.#follow(command),
      notFollowed: (signal) => {
        this.change((state, at) => note(state, { at, ...signal }));
      },
    });
  }

  get state(): ProcedureState {
    return this.#state;
  }

  /** Replaces the state and shows what changed. */
  change(transition: (state: ProcedureState, at: string) => ProcedureState): void {
    this.#state = transition(this.#state, now());
    const { status, step } = this.#state;
    if (status !== this.#shown.status || step !== this.#shown.step) {
      upsertSearchAttributes([
        ...(status === this.#shown.status ? [] : [{ key: searchAttributes.status, value: status }]),
        ...(step === this.#shown.step ? [] : [{ key: searchAttributes.stage, value: step }]),
      ]);
      this.#shown = { status, step };
    }
    setCurrentDetails(describeProcedure(this.#state));
  }

  #follow(command: ProcedureCommand): ProcedureAnswer {
    const decided = decide(this.#state, command, now());
    if (!decided.followed) throw refused(decided.refusal);
    this.change(() => decided.state);
    if (command.name === 'abort') this.onAbort?.();
    return { accepted: true, message: decided.message };
  }
}

function statusOf(state: ProcedureState): ProcedureStatus {
  const { timeline: _timeline, decision: _decision, ended: _ended, ...shown } = state;
  return { ...shown, commands: openCommands(state) };
}
