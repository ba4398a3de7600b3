/** All that is known of a procedure in one record; what `msp procedures show -o json` prints. */
import { z } from 'zod';
import { PROCEDURE_NAMES } from '../pipeline/procedures/steps.ts';
import { PROCEDURE_COMMANDS } from '../workflows/procedures/messages.ts';

const wordSchema = { by: z.string(), reason: z.string() };

const planSchema = z.object({
  digest: z.string(),
  /** Key of the whole plan in the bucket. */
  key: z.string(),
  empty: z.boolean(),
  objects: z.number(),
  bytes: z.number(),
  days: z.number(),
  items: z.number(),
  runs: z.number(),
  minutes: z.number(),
  dollars: z.number(),
  lost: z.number(),
  lines: z.array(z.string()).readonly(),
});

export const listedProcedureSchema = z.object({
  /** The procedure's id in the bucket. */
  id: z.string(),
  procedure: z.enum(PROCEDURE_NAMES),
  workflowId: z.string(),
  /** Temporal run id. */
  runId: z.string(),
  status: z.string(),
  step: z.string().optional(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
});
/** A procedure as the server lists it; needs no worker. */
export type ListedProcedure = z.infer<typeof listedProcedureSchema>;

export const procedureViewSchema = listedProcedureSchema.extend({
  /** Whether the procedure itself answered; without a worker only the server's part is known. */
  answered: z.boolean(),
  phase: z.string().optional(),
  plan: planSchema.nullable(),
  approval: z.object({ ...wordSchema, digest: z.string(), at: z.string() }).nullable(),
  steps: z
    .array(
      z.object({
        id: z.string(),
        title: z.string(),
        state: z.string(),
        round: z.number(),
        startedAt: z.string().optional(),
        finishedAt: z.string().optional(),
        summary: z.string(),
      }),
    )
    .readonly(),
  /** Workflow id of the pipeline run that it waits for. */
  awaitedRun: z.string().nullable(),
  waiting: z.object({ since: z.string(), until: z.string() }).nullable(),
  paused: z.object({ ...wordSchema, since: z.string() }).nullable(),
  parked: z
    .object({
      step: z.string(),
      since: z.string(),
      until: z.string(),
      failure: z.object({ type: z.string(), message: z.string(), advice: z.string() }),
    })
    .nullable(),
  outcome: z.string().nullable(),
  /** Something is left that could not be put right; known at the end. */
  incomplete: z.boolean().optional(),
  /** What kind of failure ended it; known at the end. */
  failure: z.string().optional(),
  /** Key of the report in the bucket. */
  report: z.string().nullable(),
  commands: z.array(z.enum(PROCEDURE_COMMANDS)).readonly(),
  timeline: z
    .array(
      z.object({
        at: z.string(),
        what: z.string(),
        by: z.string().optional(),
        reason: z.string().optional(),
      }),
    )
    .readonly(),
});
/** All that is known of a procedure: plan, steps, waits, ways on, end. */
export type ProcedureView = z.infer<typeof procedureViewSchema>;
