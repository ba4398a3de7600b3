/**
 * Checkpoints: what a finished stage leaves in the run's memory, and all that a later execution needs to go on where a
 * run stood. Small: lists and reports are in S3, a checkpoint's result holds their keys.
 */
import { z } from 'zod';
import { requestSchema, retryOverridesSchema } from './request.ts';
import { STAGE_NAMES } from './stages.ts';
import type { StageName } from './stages.ts';

export const glueRunRefSchema = z.object({ jobName: z.string(), jobRunId: z.string() });
export type GlueRunRef = z.infer<typeof glueRunRefSchema>;

export const checkpointSchema = z.object({
  stage: z.enum(STAGE_NAMES),
  outcome: z.enum(['done', 'skipped', 'not needed']),
  /** How often an operator had asked for the stage, the first time included. */
  round: z.number().int().positive(),
  startedAt: z.string(),
  finishedAt: z.string(),
  summary: z.string(),
  glueRun: glueRunRefSchema.optional(),
  /** What later stages need of it; each stage knows its own form. */
  result: z.unknown().optional(),
  /** Set in a resumed run on what an earlier execution had finished. */
  kept: z.literal(true).optional(),
});
export type Checkpoint = Readonly<z.infer<typeof checkpointSchema>>;

/** A pause in force. */
export const pausedSchema = z.object({
  since: z.string(),
  by: z.string(),
  reason: z.string(),
  /** Whether the Glue run was to end as well. */
  stopGlue: z.boolean(),
});
export type Paused = Readonly<z.infer<typeof pausedSchema>>;

const askedSchema = z.object({
  stage: z.enum(STAGE_NAMES),
  round: z.number().int().positive(),
  overrides: retryOverridesSchema,
});
export type Asked = Readonly<z.infer<typeof askedSchema>>;

/** What an execution hands to the one that goes on with its run. */
export const progressSchema = z.object({
  /** The run's id in the bucket. */
  run: z.string().min(1),
  /** Original run id of the execution that began the run: part of the tokens of its Glue runs. */
  tokenRunId: z.string().min(1),
  request: requestSchema,
  checkpoints: z.array(checkpointSchema),
  /** The last round of each stage that has begun or was asked for. */
  rounds: z.partialRecord(z.enum(STAGE_NAMES), z.number().int().positive()),
  /** Tokens of Glue runs whose end was not seen. */
  unsettledTokens: z.partialRecord(z.enum(STAGE_NAMES), z.string()),
  /** Glue runs that were not seen to succeed. */
  unfinishedGlueRuns: z.array(z.string()),
  /** The last round that an operator asked for, with what was changed for it. */
  asked: askedSchema.optional(),
  /** Holds until somebody resumes the run, whichever execution goes on with it. */
  paused: pausedSchema.optional(),
});
export type Progress = Readonly<z.infer<typeof progressSchema>>;

/** Stages that a resumed run does again: the ground may have been repaired since, and later stages stand on it. */
const ALWAYS_AGAIN: readonly StageName[] = [
  'validate_aws_connection',
  'init_s3_structure',
  'verify_glue_scripts',
];

function position(stage: StageName): number {
  return STAGE_NAMES.indexOf(stage);
}

/**
 * The progress that a resumed run starts from.
 * @param from the first stage to do again although it had finished; with a new round, so that its Glue run is a new one
 */
export function resumable(progress: Progress, from?: StageName): Progress {
  const first = from === undefined ? STAGE_NAMES.length : position(from);
  const checkpoints = progress.checkpoints
    .filter(({ stage, outcome }) => outcome !== 'not needed' && !ALWAYS_AGAIN.includes(stage))
    .filter(({ stage }) => position(stage) < first)
    .map((checkpoint) => ({ ...checkpoint, kept: true as const }));
  const kept = new Set(checkpoints.map(({ stage }) => stage));
  const again = (stage: StageName): boolean => !kept.has(stage) && position(stage) >= first;
  const rounds: Progress['rounds'] = {};
  const unsettledTokens: Progress['unsettledTokens'] = {};
  for (const stage of STAGE_NAMES) {
    const round = progress.rounds[stage];
    const token = progress.unsettledTokens[stage];
    if (round !== undefined) rounds[stage] = again(stage) ? round + 1 : round;
    if (token !== undefined && !again(stage)) unsettledTokens[stage] = token;
  }
  return { ...progress, checkpoints, rounds, unsettledTokens };
}
