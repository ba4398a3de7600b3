/**
 * How a procedure is spoken to: each command is an update, which answers, and a signal of the same name for batch and
 * older tools. One JSON object each. As with runs, a command may name the Temporal run that it is meant for (`run`), so
 * that a reset does not follow it a second time.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { z } from 'zod';
import { sha256Schema } from '../../pipeline/documents.ts';
import type { TimelineEntry } from '../shared/timeline.ts';
import type { ProcedureStatus } from './state.ts';

const commandFields = {
  by: z.string().min(1).max(200),
  reason: z.string().min(1).max(2000),
  run: z.string().min(1).optional(),
};

const plainArguments = z.strictObject(commandFields);

export const commandSchema = z.discriminatedUnion('name', [
  z.object({
    name: z.literal('approve'),
    /** `digest` is that of the plan which was looked at: another plan is not approved by it. */
    args: z.strictObject({ ...commandFields, digest: sha256Schema }),
  }),
  z.object({ name: z.literal('reject'), args: plainArguments }),
  z.object({ name: z.literal('pause'), args: plainArguments }),
  z.object({ name: z.literal('resume'), args: plainArguments }),
  z.object({ name: z.literal('retryStep'), args: plainArguments }),
  z.object({ name: z.literal('abort'), args: plainArguments }),
]);

export type ProcedureCommand = z.output<typeof commandSchema>;
export type ProcedureCommandName = ProcedureCommand['name'];
export type ProcedureCommandArguments<N extends ProcedureCommandName> = Extract<
  ProcedureCommand,
  { readonly name: N }
>['args'];
export const PROCEDURE_COMMANDS = ['approve', 'reject', 'pause', 'resume', 'retryStep', 'abort'] as const;

/** Shown by the Temporal UI and `temporal workflow metadata`. */
export const COMMAND_DESCRIPTIONS: Readonly<Record<ProcedureCommandName, string>> = {
  approve: 'Carry out the plan that has this digest: {by, reason, digest}',
  reject: 'Do not carry out the plan; nothing is changed: {by, reason}',
  pause: 'Begin no further step until resumed; the present one is finished: {by, reason}',
  resume: 'Go on after a pause: {by, reason}',
  retryStep: 'Do the parked step again: {by, reason}',
  abort: 'End the procedure where it stands; what it has done stays done: {by, reason}',
};

/** What a command did, for the operator who gave it. */
export interface ProcedureAnswer {
  readonly accepted: true;
  readonly message: string;
}

export const updates = {
  approve: defineUpdate<ProcedureAnswer, [ProcedureCommandArguments<'approve'>]>('approve'),
  reject: defineUpdate<ProcedureAnswer, [ProcedureCommandArguments<'reject'>]>('reject'),
  pause: defineUpdate<ProcedureAnswer, [ProcedureCommandArguments<'pause'>]>('pause'),
  resume: defineUpdate<ProcedureAnswer, [ProcedureCommandArguments<'resume'>]>('resume'),
  retryStep: defineUpdate<ProcedureAnswer, [ProcedureCommandArguments<'retryStep'>]>('retryStep'),
  abort: defineUpdate<ProcedureAnswer, [ProcedureCommandArguments<'abort'>]>('abort'),
} as const;

export const signals = {
  approve: defineSignal<[ProcedureCommandArguments<'approve'>]>('approve'),
  reject: defineSignal<[ProcedureCommandArguments<'reject'>]>('reject'),
  pause: defineSignal<[ProcedureCommandArguments<'pause'>]>('pause'),
  resume: defineSignal<[ProcedureCommandArguments<'resume'>]>('resume'),
  retryStep: defineSignal<[ProcedureCommandArguments<'retryStep'>]>('retryStep'),
  abort: defineSignal<[ProcedureCommandArguments<'abort'>]>('abort'),
} as const;

export const statusQuery = defineQuery<ProcedureStatus>('status');
export const timelineQuery = defineQuery<TimelineEntry[]>('timeline');
