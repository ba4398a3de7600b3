/** How a procedure is spoken to: its commands, what they answer, and what it can be asked. */
import { sha256Schema } from '../../pipeline/documents.ts';
import { messagesOf, namesIn, plainArguments } from '../shared/commands/table.ts';
import type { ArgumentsIn, CommandIn, CommandTable } from '../shared/commands/table.ts';
import type { ProcedureState } from './state.ts';

export const COMMANDS = {
  approve: {
    description: 'Carry out the plan that has this digest: {by, reason, digest}',
    /** `digest` is that of the plan which was looked at: another plan is not approved by it. */
    args: plainArguments.extend({ digest: sha256Schema }),
  },
  reject: {
    description: 'Do not carry out the plan; nothing is changed: {by, reason}',
    args: plainArguments,
  },
  pause: {
    description: 'Begin no further step until resumed; the present one is finished: {by, reason}',
    args: plainArguments,
  },
  resume: {
    description: 'Go on after a pause: {by, reason}',
    args: plainArguments,
  },
  retryStep: {
    description: 'Do the parked step again: {by, reason}',
    args: plainArguments,
  },
  abort: {
    description: 'End the procedure where it stands; what it has done stays done: {by, reason}',
    args: plainArguments,
  },
} as const satisfies CommandTable;

type Commands = typeof COMMANDS;
export type ProcedureCommand = CommandIn<Commands>;
export type ProcedureCommandName = keyof Commands;
export type ProcedureCommandArguments<N extends ProcedureCommandName> = ArgumentsIn<Commands, N>;
export const PROCEDURE_COMMANDS = namesIn(COMMANDS);

/** What a command did, for the operator who gave it. */
export interface ProcedureAnswer {
  readonly accepted: true;
  readonly message: string;
}

/** Answer of the query `status`. */
export type ProcedureStatus = Omit<ProcedureState, 'timeline' | 'decision' | 'ended'> & {
  /** What an operator may command now. */
  readonly commands: readonly ProcedureCommandName[];
};

export const { updates, signals, statusQuery, timelineQuery } = messagesOf<
  Commands,
  ProcedureAnswer,
  ProcedureStatus
>(COMMANDS);
