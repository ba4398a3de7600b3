/** All that is known of a run in one record: from the server, from the run itself, and its end. */
import { z } from 'zod';
import { checkpointSchema, glueRunRefSchema, pausedSchema } from '../pipeline/checkpoint.ts';
import { isOpenExecution } from '../pipeline/executions.ts';
import { rowCountsSchema } from '../pipeline/reports.ts';
import { STAGE_NAMES, type StageName } from '../pipeline/stages.ts';
import { COMMAND_NAMES } from '../workflows/pipeline/messages.ts';
import { ClientError } from './errors.ts';
import { withoutUndefined } from './optional.ts';
import type { PipelineClient } from './pipeline-client.ts';
import { listedRunSchema, statusOf } from './run-listing.ts';
import type { RunReference } from './references.ts';

const endSchema = z.discriminatedUnion('ended', [
  z.object({
    ended: z.literal('completed'),
    outcome: z.string(),
    /** The first ten. */
    days: z.array(z.object({ day: z.string(), edition: z.number() })),
    dayCount: z.number(),
    rows: rowCountsSchema.optional(),
  }),
  z.object({ ended: z.literal('failed'), message: z.string() }),
]);

/** What `msp status -o json` and `msp run --wait -o json` print. */
export const viewSchema = listedRunSchema.extend({
  /** Id in the bucket. */
  run: z.string(),
  status: z.string(),
  /** Whether the run itself answered; without a worker only the server's part is known. */
  answered: z.boolean(),
  round: z.number().optional(),
  /** How many days it has published, of which `days` has the first ten. */
  dayCount: z.number().optional(),
  glueRun: glueRunRefSchema.extend({ state: z.string().optional() }).optional(),
  parked: z
    .object({
      stage: z.string(),
      since: z.string(),
      until: z.string(),
      failure: z.object({ type: z.string(), message: z.string(), advice: z.string() }),
    })
    .optional(),
  paused: pausedSchema.optional(),
  held: z.object({ since: z.string(), until: z.string(), reasons: z.array(z.string()) }).optional(),
  /** What an operator may command now. */
  commands: z.array(z.enum(COMMAND_NAMES)),
  /** Without what the stages hand to each other. */
  checkpoints: z.array(checkpointSchema.omit({ result: true, kept: true })),
  timeline: z.array(
    z.object({
      at: z.string(),
      what: z.string(),
      by: z.string().optional(),
      reason: z.string().optional(),
      /** A signal that was not followed. */
      refused: z.literal(true).optional(),
    }),
  ),
  end: endSchema.optional(),
});
export type RunView = z.infer<typeof viewSchema>;

/**
 * The run as it is now.
 * @param options.glue also ask Glue for the state of the job run in flight
 */
export async function viewOf(
  client: PipelineClient,
  reference: RunReference,
  options: { readonly glue?: boolean } = { glue: true },
): Promise<RunView> {
  const described = await client.runs.describe(reference);
  const closed = !isOpenExecution(described.execution);
  const [answer, end] = await Promise.all([
    answerOf(client, reference),
    closed ? endOf(client, reference) : Promise.resolve(undefined),
  ]);
  const base = { ...described, run: reference.run, ...(end === undefined ? {} : { end }) };
  if (answer === undefined) {
    return {
      ...base,
      status: described.status ?? described.execution,
      answered: false,
      commands: [],
      checkpoints: [],
      timeline: [],
    };
  }
  const { status, checkpoints, timeline } = answer;
  const { glueRun, paused, parked, held } = status;
  const state =
    options.glue === true && glueRun !== null ? await glueState(client, glueRun.jobRunId) : undefined;
  const { stage: _searched, ...rest } = base;
  return {
    ...rest,
    ...withoutUndefined({
      stage: status.stage ?? undefined,
      glueRun: glueRun === null ? undefined : { ...glueRun, ...withoutUndefined({ state }) },
      paused: paused ?? undefined,
      parked: parked ?? undefined,
      held:
        held === null
          ? undefined
          : { since: held.since, until: held.until, reasons: [...held.verdict.reasons] },
    }),
    status: statusOf(described.execution, status.status) ?? status.status,
    answered: true,
    days: [...status.days],
    dayCount: status.dayCount,
    round: status.round,
    commands: closed ? [] : [...status.commands],
    checkpoints: [...checkpoints],
    timeline: [...timeline],
  };
}

/** Stages that are not done, skipped or at work, in order. */
export function stagesAhead({ checkpoints, stage }: RunView): StageName[] {
  const past = new Set<string>(checkpoints.map((each) => each.stage));
  return STAGE_NAMES.filter((name) => name !== stage && !past.has(name));
}

/** What the run itself says; nothing when no worker answers, for then the server's part is still worth showing. */
async function answerOf(
  client: PipelineClient,
  reference: RunReference,
): Promise<
  | {
      status: Awaited<ReturnType<PipelineClient['runs']['status']>>;
      checkpoints: Awaited<ReturnType<PipelineClient['runs']['checkpoints']>>;
      timeline: Awaited<ReturnType<PipelineClient['runs']['timeline']>>;
    }
  | undefined
> {
  try {
    // In this order: a stage that ends in between is then among the checkpoints, and never missing from both.
    const status = await client.runs.status(reference);
    const [checkpoints, timeline] = await Promise.all([
      client.runs.checkpoints(reference),
      client.runs.timeline(reference),
    ]);
    return { status, checkpoints, timeline };
  } catch (error) {
    if (error instanceof ClientError) return undefined;
    throw error;
  }
}

async function endOf(client: PipelineClient, reference: RunReference): Promise<z.output<typeof endSchema>> {
  const end = await client.runs.result(reference);
  if (end.ended === 'failed') return end;
  const { outcome, days, dayCount, rows } = end.result;
  return { ended: 'completed', outcome, days: [...days], dayCount, ...(rows === undefined ? {} : { rows }) };
}

async function glueState(client: PipelineClient, jobRunId: string): Promise<string | undefined> {
  try {
    return (await client.glue.get(jobRunId)).state;
  } catch (error) {
    // The run is worth showing without it.
    if (error instanceof ClientError) return undefined;
    throw error;
  }
}
