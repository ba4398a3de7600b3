/**
 * What a run is asked to do. One JSON object, as the Temporal UI's form and `--input` give it; `{}` is a good request.
 */
import { z } from 'zod';
import { daySchema } from './documents.ts';
import { workerTypeSchema } from './settings.ts';

/** Changes to the Glue runs of one pipeline run or one retried stage; the job definitions stay as they are. */
export const overridesSchema = z.strictObject({
  workerType: workerTypeSchema.optional(),
  numberOfWorkers: z.number().int().min(2).max(299).optional(),
  timeoutMinutes: z.number().int().min(1).max(10_080).optional(),
});
export type Overrides = z.infer<typeof overridesSchema>;

export const TRIGGERS = ['manual', 'schedule', 'backfill', 'recovery'] as const;

export const requestSchema = z.strictObject({
  /** Why the run exists; shown and searchable. */
  trigger: z.enum(TRIGGERS).default('manual'),
  /** Only these keys under `streams/`; all that is there when absent. */
  inputs: z.array(z.string().min(1)).min(1).max(1000).optional(),
  /** Compute these days again from their published plays, as new editions; no input is taken then. */
  dates: z.array(daySchema).min(1).max(400).optional(),
  overrides: overridesSchema.optional(),
});
/** As given by the caller. */
export type PipelineRequest = z.input<typeof requestSchema>;
/** As the run keeps it. */
export type ParsedRequest = z.output<typeof requestSchema>;

const checkedRequestSchema = requestSchema.refine(
  (request) => request.inputs === undefined || request.dates === undefined,
  'give inputs or dates, not both: dates are computed again from plays that are published already',
);

/** @throws z.ZodError naming each wrong field */
export function parseRequest(given: unknown): ParsedRequest {
  return checkedRequestSchema.parse(given ?? {});
}

/** What was wrong with a request, for people: one line for each field. */
export function explain(error: unknown): string {
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}
