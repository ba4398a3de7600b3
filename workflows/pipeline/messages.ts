/** How a run is spoken to: its commands, what they answer, and what it can be asked. */
import { defineQuery } from '@temporalio/workflow';
import { z } from 'zod';
import type { Checkpoint, Progress } from '../../pipeline/checkpoint.ts';
import { retryOverridesSchema } from '../../pipeline/request.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { messagesOf, namesIn, plainArguments } from '../shared/commands/table.ts';
import type { ArgumentsIn, CommandIn, CommandTable, InputIn } from '../shared/commands/table.ts';
import type { RunState } from './state.ts';

/** Guards against acting on another stage than the one that was looked at. */
const stage = z.enum(STAGE_NAMES).optional();

export const COMMANDS = {
  /** A Glue run goes on and its result is kept, unless `stopGlue` asks for its end; it is run again after `resume`. */
  pause: {
    description:
      'Begin nothing new until resumed; a Glue run goes on unless stopGlue is true: {by, reason, stopGlue?}',
    args: plainArguments.extend({ stopGlue: z.boolean().default(false) }),
  },
  resume: {
    description: 'Go on after a pause, where the run stood: {by, reason}',
    args: plainArguments,
  },
  retryStage: {
    description:
      'Run the parked stage again: {by, reason, stage?, overrides?: {workerType?, numberOfWorkers?, timeoutMinutes?, inputs?}}',
    args: plainArguments.extend({ stage, overrides: retryOverridesSchema.optional() }),
  },
  skipStage: {
    description: 'Go on without the parked stage, where the stage allows it: {by, reason, stage?}',
    args: plainArguments.extend({ stage }),
  },
  approve: {
    description: 'Publish although the quality gate holds the run: {by, reason}',
    args: plainArguments,
  },
  reject: {
    description:
      'Set the inputs aside and publish nothing, while the quality gate holds the run: {by, reason}',
    args: plainArguments,
  },
  /** `shutdown` names the procedure that asks, so that its undoing finds what it stopped. */
  emergencyShutdown: {
    description:
      'Stop now, Glue run included, and set unfinished output aside; msp recover run goes on with it: {by, reason, shutdown?}',
    args: plainArguments.extend({ shutdown: z.string().min(1).max(200).optional() }),
  },
  abort: {
    description: 'End the run, aborted; its inputs are free for a next run: {by, reason}',
    args: plainArguments,
  },
} as const satisfies CommandTable;

type Commands = typeof COMMANDS;
export type Command = CommandIn<Commands>;
export type CommandName = keyof Commands;
export type CommandArguments<N extends CommandName> = ArgumentsIn<Commands, N>;
export type CommandInput<N extends CommandName> = InputIn<Commands, N>;
export const COMMAND_NAMES = namesIn(COMMANDS);

/** What a command did, for the operator who gave it. */
export interface CommandAnswer {
  readonly accepted: true;
  readonly stage: StageName | null;
  readonly message: string;
}

/** Answer of the query `status`. */
export type RunStatus = Omit<RunState, 'checkpoints' | 'timeline' | 'decision' | 'ended'> & {
  readonly done: number;
  /** What an operator may command now. */
  readonly commands: readonly CommandName[];
};

export const { updates, signals, statusQuery, timelineQuery } = messagesOf<
  Commands,
  CommandAnswer,
  RunStatus
>(COMMANDS);
export const checkpointsQuery = defineQuery<Checkpoint[]>('checkpoints');
/** All that an execution needs to go on with this run. */
export const progressQuery = defineQuery<Progress>('progress');
