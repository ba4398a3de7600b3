/**
 * How a run is spoken to. Each command exists as an update, which answers, and as a signal of the same name for batch
 * and older tools, which does not. One JSON object each, so that the Temporal UI's form and `--input` can give it.
 *
 * A command names the run that it is meant for (`run`, the Temporal run id). A reset copies signals and updates into
 * the new run; because a copied command names the old run, the new one ignores it. Where a run was never reset the
 * name may be left out, which is what a person typing into the UI's form will do.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { z } from 'zod';
import type { Checkpoint, Progress } from '../../pipeline/checkpoint.ts';
import { retryOverridesSchema } from '../../pipeline/request.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import type { StageName } from '../../pipeline/stages.ts';
import type { TimelineEntry } from '../shared/timeline.ts';
import type { RunStatus } from './state.ts';

const commandFields = {
  /** Who gives the command. */
  by: z.string().min(1).max(200),
  /** Why: stands in the history and in the report. */
  reason: z.string().min(1).max(2000),
  /** Temporal run id of the run that the command is meant for. */
  run: z.string().min(1).optional(),
};

const stageField = { stage: z.enum(STAGE_NAMES).optional() };

/** `stage` guards against acting on another stage than the one that was looked at. */
export const commandSchemas = {
  /** A Glue run goes on and its result is kept, unless `stopGlue` asks for its end; it is run again after `resume`. */
  pause: z.strictObject({ ...commandFields, stopGlue: z.boolean().default(false) }),
  resume: z.strictObject(commandFields),
  retryStage: z.strictObject({ ...commandFields, ...stageField, overrides: retryOverridesSchema.optional() }),
  skipStage: z.strictObject({ ...commandFields, ...stageField }),
  approve: z.strictObject(commandFields),
  reject: z.strictObject(commandFields),
  /** `shutdown` names the procedure that asks, so that its undoing finds what it stopped. */
  emergencyShutdown: z.strictObject({ ...commandFields, shutdown: z.string().min(1).max(200).optional() }),
  abort: z.strictObject(commandFields),
} as const;

const named = <N extends string, A extends z.ZodType>(name: N, args: A) =>
  z.object({ name: z.literal(name), args });

/** A command as it arrives, with its name. */
export const commandSchema = z.discriminatedUnion('name', [
  named('pause', commandSchemas.pause),
  named('resume', commandSchemas.resume),
  named('retryStage', commandSchemas.retryStage),
  named('skipStage', commandSchemas.skipStage),
  named('approve', commandSchemas.approve),
  named('reject', commandSchemas.reject),
  named('emergencyShutdown', commandSchemas.emergencyShutdown),
  named('abort', commandSchemas.abort),
]);
export type Command = z.output<typeof commandSchema>;

export type CommandName = keyof typeof commandSchemas;
/** As the run takes it. */
export type CommandArguments<N extends CommandName> = z.output<(typeof commandSchemas)[N]>;
/** As the caller gives it. */
export type CommandInput<N extends CommandName> = z.input<(typeof commandSchemas)[N]>;
export const COMMAND_NAMES = Object.keys(commandSchemas) as CommandName[];

/** Shown by the Temporal UI and `temporal workflow metadata`. */
export const COMMAND_DESCRIPTIONS: Readonly<Record<CommandName, string>> = {
  pause:
    'Begin nothing new until resumed; a Glue run goes on unless stopGlue is true: {by, reason, stopGlue?}',
  resume: 'Go on after a pause, where the run stood: {by, reason}',
  retryStage:
    'Run the parked stage again: {by, reason, stage?, overrides?: {workerType?, numberOfWorkers?, timeoutMinutes?, inputs?}}',
  skipStage: 'Go on without the parked stage, where the stage allows it: {by, reason, stage?}',
  approve: 'Publish although the quality gate holds the run: {by, reason}',
  reject: 'Set the inputs aside and publish nothing, while the quality gate holds the run: {by, reason}',
  emergencyShutdown:
    'Stop now, Glue run included, and set unfinished output aside; msp recover run goes on with it: {by, reason, shutdown?}',
  abort: 'End the run, aborted; its inputs are free for a next run: {by, reason}',
};

/** What a command did, for the operator who gave it. */
export interface CommandAnswer {
  readonly accepted: true;
  readonly stage: StageName | null;
  readonly message: string;
}

export const updates = {
  pause: defineUpdate<CommandAnswer, [CommandInput<'pause'>]>('pause'),
  resume: defineUpdate<CommandAnswer, [CommandInput<'resume'>]>('resume'),
  retryStage: defineUpdate<CommandAnswer, [CommandInput<'retryStage'>]>('retryStage'),
  skipStage: defineUpdate<CommandAnswer, [CommandInput<'skipStage'>]>('skipStage'),
  approve: defineUpdate<CommandAnswer, [CommandInput<'approve'>]>('approve'),
  reject: defineUpdate<CommandAnswer, [CommandInput<'reject'>]>('reject'),
  emergencyShutdown: defineUpdate<CommandAnswer, [CommandInput<'emergencyShutdown'>]>('emergencyShutdown'),
  abort: defineUpdate<CommandAnswer, [CommandInput<'abort'>]>('abort'),
} as const;

export const signals = {
  pause: defineSignal<[CommandInput<'pause'>]>('pause'),
  resume: defineSignal<[CommandInput<'resume'>]>('resume'),
  retryStage: defineSignal<[CommandInput<'retryStage'>]>('retryStage'),
  skipStage: defineSignal<[CommandInput<'skipStage'>]>('skipStage'),
  approve: defineSignal<[CommandInput<'approve'>]>('approve'),
  reject: defineSignal<[CommandInput<'reject'>]>('reject'),
  emergencyShutdown: defineSignal<[CommandInput<'emergencyShutdown'>]>('emergencyShutdown'),
  abort: defineSignal<[CommandInput<'abort'>]>('abort'),
} as const;

export const statusQuery = defineQuery<RunStatus>('status');
export const checkpointsQuery = defineQuery<Checkpoint[]>('checkpoints');
export const timelineQuery = defineQuery<TimelineEntry[]>('timeline');
/** All that an execution needs to go on with this run. */
export const progressQuery = defineQuery<Progress>('progress');
