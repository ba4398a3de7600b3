/**
 * What a run is asked to do. One JSON object, as the Temporal UI's form and `--input` give it; `{}` is a good request.
 */
import { z } from 'zod';
import { daySchema } from './documents.ts';
import { workerTypeSchema } from './settings.ts';
import { STAGE_NAMES } from './stages.ts';

/** The workflow type of a run, as schedules, the UI and the CLI name it. */
export const PIPELINE_WORKFLOW = 'musicStreamingPipeline';

/** Changes to the Glue runs of one pipeline run or one retried stage; the job definitions stay as they are. */
export const overridesSchema = z.strictObject({
  workerType: workerTypeSchema.optional(),
  numberOfWorkers: z.number().int().min(2).max(299).optional(),
  timeoutMinutes: z.number().int().min(1).max(10_080).optional(),
});
export type Overrides = z.infer<typeof overridesSchema>;

/** What an operator may change when a parked stage is asked for again. */
export const retryOverridesSchema = overridesSchema.extend({
  /** Take these keys under `streams/` instead: for the stages that look for inputs and prepare them. */
  inputs: z.array(z.string().min(1)).min(1).max(1000).optional(),
});
export type RetryOverrides = z.infer<typeof retryOverridesSchema>;

export const TRIGGERS = ['manual', 'schedule', 'cron', 'backfill', 'recovery'] as const;
export type Trigger = (typeof TRIGGERS)[number];

export const requestSchema = z.strictObject({
  /** Why the run exists; shown and searchable. When absent: `cron` in a cron chain, else `manual`. */
  trigger: z.enum(TRIGGERS).optional(),
  /** Only these keys under `streams/`; all that is there when absent. */
  inputs: z.array(z.string().min(1)).min(1).max(1000).optional(),
  /** Compute these days again from their published plays, as new editions; no input is taken then. */
  dates: z.array(daySchema).min(1).max(400).optional(),
  overrides: overridesSchema.optional(),
  /**
   * Go on with a closed run of the same workflow id: what it finished is kept, and its Glue runs are adopted. Inputs and
   * dates are those of that run. In a cron chain the first execution does so.
   */
  resumeFrom: z
    .strictObject({
      /** Temporal run id of the closed run. */
      runId: z.string().min(1),
      /** Do this stage and all after it again, although it had finished. */
      stage: z.enum(STAGE_NAMES).optional(),
    })
    .optional(),
});
/** As given by the caller. */
export type PipelineRequest = z.input<typeof requestSchema>;
/** As the run keeps it. */
export type ParsedRequest = z.output<typeof requestSchema>;

/** The request as a whole; {@link requestSchema} has its fields. */
export const pipelineRequestSchema = requestSchema
  .refine(
    ({ inputs, dates }) => inputs === undefined || dates === undefined,
    'give inputs or dates, not both: dates are computed again from plays that are published already',
  )
  .refine(
    ({ resumeFrom, inputs, dates }) => resumeFrom === undefined || (inputs ?? dates) === undefined,
    'give resumeFrom without inputs and dates: the run that it goes on with has its own',
  );
