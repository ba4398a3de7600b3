/**
 * The emergency shutdown: what it is asked, what it found and did, and the plan by which it is undone. Everything that
 * it stops is named, because undoing it must bring back exactly that and nothing else.
 */
import { z } from 'zod';
import type { LiveGlueRun } from './glue-run.ts';
import { procedureFields } from './procedures/request.ts';

export const shutdownRequestSchema = z.strictObject({
  /** Who asks. */
  by: z.string().min(1).max(200),
  /** Why: stands in the schedules' notes, in every run's history and in the report. */
  reason: z.string().min(1).max(2000),
  /** Only tell what would be stopped. */
  dryRun: z.boolean().default(false),
});
export type ShutdownRequest = z.input<typeof shutdownRequestSchema>;

export const SHUTDOWN_WORKFLOW = 'emergencyShutdown';

/** One at a time: whoever asks while one is under way joins it. */
export function shutdownWorkflowId(pipeline: string): string {
  return `${pipeline}-emergency-shutdown`;
}

/** Begins the note of each schedule that a shutdown pauses; by it the shutdown recognises its own work. */
export function shutdownMark(shutdown: string): string {
  return `Emergency shutdown ${shutdown}`;
}

/** Begins the note of each schedule that a reset pauses. */
export function resetMark(reset: string): string {
  return `Reset ${reset}`;
}

/** A reset's note: its mark, with the id of a procedure, and who asked. */
const RESET_NOTE = /^Reset \S+-[0-9a-f]{8,12} by /;

/** Whether a reset has paused a schedule that has this note. */
export function isResetNote(note: string): boolean {
  return RESET_NOTE.test(note);
}

const BEFORE = ' | before: ';

/** The note of a schedule that was paused already, for less than a shutdown: what it said is kept. */
export function noteOver(note: string, before: string): string {
  return `${note}${BEFORE}${before}`;
}

/** The inverse of {@link noteOver}. */
export function noteBefore(note: string): string | undefined {
  const at = note.lastIndexOf(BEFORE);
  return at < 0 ? undefined : note.slice(at + BEFORE.length);
}

/** A run as it is found by Temporal. */
export const foundRunSchema = z.object({
  workflowId: z.string(),
  /** Temporal run id. */
  runId: z.string(),
  /** Id in the bucket; absent when the run had not begun. */
  run: z.string().optional(),
  /** Its `PipelineStatus` when it was found; absent when it had not begun. */
  status: z.string().optional(),
  /** It is the next execution of a cron chain, whose time has not come. */
  waits: z.literal(true).optional(),
});
export type FoundRun = z.infer<typeof foundRunSchema>;

/** A cron chain: the server starts its next execution when one has ended, until one is terminated. */
export const chainSchema = z.object({
  workflowId: z.string(),
  /** The cron text. */
  cron: z.string(),
  /** The server's own request by which it is started again, as JSON: input, memo, search attributes, limits, retries. */
  start: z.record(z.string(), z.json()),
});
export type Chain = z.infer<typeof chainSchema>;

export const pausedSchedulesSchema = z.object({
  /** Paused by the shutdown. */
  paused: z.array(z.string()),
  /** Paused already, with the note that said why: they stay paused when the shutdown is undone. */
  pausedBefore: z.array(z.object({ id: z.string(), note: z.string() })),
});
export type PausedSchedules = z.infer<typeof pausedSchedulesSchema>;

/** Undoes a shutdown; saved with its report. */
export const undoPlanSchema = z.object({
  version: z.literal(1),
  shutdown: z.string(),
  by: z.string(),
  reason: z.string(),
  stoppedAt: z.string(),
  schedules: pausedSchedulesSchema,
  runs: z.array(foundRunSchema),
  /** Procedures that it paused; those that were paused before are not among them. */
  procedures: z.array(foundRunSchema),
  /** Cron chains that it ended; a run of such a chain is not resumed, the chain's next one takes its files over. */
  chains: z.array(chainSchema),
  /** Saved while the shutdown was still at work: what it has found later is not in it. */
  unfinished: z.literal(true).optional(),
});
export type UndoPlan = z.infer<typeof undoPlanSchema>;

export const undoRequestSchema = z.strictObject({
  ...procedureFields,
  /** Id of the shutdown, as its report names it. */
  shutdown: z.string().min(1).max(200),
});
export type UndoRequest = z.input<typeof undoRequestSchema>;

export const UNDO_WORKFLOW = 'shutdownRecovery';

export interface StoppedGlueRun extends LiveGlueRun {
  /** Stopped although no run of the pipeline watched it. */
  readonly orphan: boolean;
}

/** All that the report says, but for what it reads from the runs' own records. */
export interface ShutdownFindings {
  readonly plan: UndoPlan;
  /** When all was told to stop; null where not all could be told. */
  readonly requestedAt: string | null;
  readonly finishedAt: string;
  readonly glueRuns: readonly StoppedGlueRun[];
  /** Objects that were set aside for Glue runs without a run of the pipeline. */
  readonly orphanObjects: number;
  readonly tableItems: number | null;
  readonly pollers: readonly string[];
  /** What was not known to have ended when the shutdown stopped waiting. */
  readonly stillOpen: readonly string[];
  /** What could not be done, by step. */
  readonly problems: Readonly<Record<string, string>>;
}

export interface ShutdownReport {
  readonly report: string;
  readonly markdown: string;
  readonly plan: string;
}
