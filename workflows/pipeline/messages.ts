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
import { overridesSchema } from '../../pipeline/request.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import type { StageName } from '../../pipeline/stages.ts';
import type { RunStatus } from './state.ts';
import type { Checkpoint, TimelineEntry } from './state.ts';

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
  retryStage: z.strictObject({ ...commandFields, ...stageField, overrides: overridesSchema.optional() }),
  skipStage: z.strictObject({ ...commandFields, ...stageField }),
  approve: z.strictObject(commandFields),
  reject: z.strictObject(commandFields),
  abort: z.strictObject(commandFields),
} as const;

export type CommandName = keyof typeof commandSchemas;
export type CommandArguments<N extends CommandName> = z.output<(typeof commandSchemas)[N]>;
export const COMMAND_NAMES = Object.keys(commandSchemas) as CommandName[];

/** Shown by the Temporal UI and `temporal workflow metadata`. */
export const COMMAND_DESCRIPTIONS: Readonly<Record<CommandName, string>> = {
  retryStage:
    'Run the parked stage again: {by, reason, stage?, overrides?: {workerType?, numberOfWorkers?, timeoutMinutes?}}',
  skipStage: 'Go on without the parked stage, where the stage allows it: {by, reason, stage?}',
  approve: 'Publish although the quality gate holds the run: {by, reason}',
  reject: 'Set the inputs aside and publish nothing, while the quality gate holds the run: {by, reason}',
  abort: 'End the run as failed; its inputs are free for a next run: {by, reason}',
};

/** What a command did, for the operator who gave it. */
export interface CommandAnswer {
  readonly accepted: true;
  readonly stage: StageName | null;
  readonly message: string;
}

export const updates = {
  retryStage: defineUpdate<CommandAnswer, [CommandArguments<'retryStage'>]>('retryStage'),
  skipStage: defineUpdate<CommandAnswer, [CommandArguments<'skipStage'>]>('skipStage'),
  approve: defineUpdate<CommandAnswer, [CommandArguments<'approve'>]>('approve'),
  reject: defineUpdate<CommandAnswer, [CommandArguments<'reject'>]>('reject'),
  abort: defineUpdate<CommandAnswer, [CommandArguments<'abort'>]>('abort'),
} as const;

export const signals = {
  retryStage: defineSignal<[CommandArguments<'retryStage'>]>('retryStage'),
  skipStage: defineSignal<[CommandArguments<'skipStage'>]>('skipStage'),
  approve: defineSignal<[CommandArguments<'approve'>]>('approve'),
  reject: defineSignal<[CommandArguments<'reject'>]>('reject'),
  abort: defineSignal<[CommandArguments<'abort'>]>('abort'),
} as const;

export const statusQuery = defineQuery<RunStatus>('status');
export const checkpointsQuery = defineQuery<Checkpoint[]>('checkpoints');
export const timelineQuery = defineQuery<TimelineEntry[]>('timeline');

/** The workflow type, as schedules, the UI and the CLI name it. */
export const PIPELINE_WORKFLOW = 'musicStreamingPipeline';
