/**
 * The contract between procedures and their activities. Arguments and results are small JSON; plans, evidence and
 * reports are documents in the procedure's folder.
 */
import type { ParsedRecoveryRequest } from '../recovery/request.ts';
import type { Chain, FoundRun, UndoPlan } from '../shutdown.ts';
import type { ParsedResetRequest } from '../reset/request.ts';
import type { RunContext } from '../run-context.ts';
import type { PlanSummary } from './plan.ts';
import type { ProcedureRecord } from './report.ts';
import type { CommonRequest } from './request.ts';
import type { ProcedureName } from './steps.ts';

/** What a look at the data found, in figures; the evidence is a document. */
export interface Examined {
  readonly files: number;
  readonly days: number;
  readonly objects: number;
  readonly items: number;
  /** Objects, documents and days that are not as their records say. */
  readonly damages: number;
}

/** Names the plan that was approved: an activity that acts on another one fails. */
export interface Agreed {
  readonly digest: string;
}

export interface Restored {
  readonly restored: number;
  /** Objects that had become right meanwhile, and were left alone. */
  readonly good: number;
  readonly quarantined: number;
}

/** What a pipeline run has to be given after the restoration. */
export interface Rerun {
  readonly inputs: readonly (readonly string[])[];
  readonly dates: readonly (readonly string[])[];
}

export interface Verified {
  /** What was to be repaired and still is not as it should be. */
  readonly remaining: number;
  /** Days whose numbers differ from those of before. */
  readonly differing: number;
  readonly lost: number;
  readonly lines: readonly string[];
}

export interface RecoveryActivities {
  examineData(
    context: RunContext,
    given: { readonly request: ParsedRecoveryRequest; readonly now: string },
  ): Promise<Examined>;
  planRecovery(context: RunContext, given: { readonly request: ParsedRecoveryRequest }): Promise<PlanSummary>;
  restoreObjects(context: RunContext, agreed: Agreed): Promise<Restored>;
  /** Puts the inputs whose plays are made again back where runs find them; what is already done is left out. */
  returnInputs(context: RunContext, agreed: Agreed & { readonly now: string }): Promise<Rerun>;
  verifyRecovery(
    context: RunContext,
    given: Agreed & { readonly request: ParsedRecoveryRequest; readonly now: string },
  ): Promise<Verified>;
}

/** What undoing a shutdown has left to do. */
export interface Undo {
  readonly runs: readonly FoundRun[];
  readonly schedules: readonly string[];
  readonly procedures: readonly FoundRun[];
  readonly chains: readonly Chain[];
}

export interface UndoActivities {
  /** What the shutdown stopped. */
  readUndoPlan(context: RunContext, given: { readonly shutdown: string }): Promise<UndoPlan>;
  /**
   * Which of it is still as the shutdown left it; the rest has been brought back, or changed by hand.
   * @param plan.resumed runs that were brought back: those of them that do not go on are named too
   */
  findStillStopped(
    context: RunContext,
    plan: UndoPlan & { readonly resumed?: readonly FoundRun[] },
  ): Promise<Undo>;
  planUndo(
    context: RunContext,
    given: { readonly plan: UndoPlan; readonly undo: Undo },
  ): Promise<PlanSummary>;
  /** Starts an execution that goes on with each run; one that goes on already is left alone. */
  resumeRuns(
    context: RunContext,
    given: { readonly runs: readonly FoundRun[] },
  ): Promise<{ readonly resumed: number }>;
  /** Starts these chains again, as they were; one under whose id an execution is open is left alone. */
  startChains(context: RunContext, given: { readonly chains: readonly Chain[] }): Promise<void>;
  unpauseProcedures(
    context: RunContext,
    given: { readonly procedures: readonly FoundRun[]; readonly by: string; readonly reason: string },
  ): Promise<void>;
  /**
   * Resumes those of these schedules, or of all of the pipeline's, whose note begins with the mark: what somebody else has
   * paused meanwhile stays so.
   */
  unpauseSchedules(
    context: RunContext,
    given: { readonly schedules?: readonly string[]; readonly note: string; readonly mark?: string },
  ): Promise<void>;
}

export interface ResetActivities {
  planReset(
    context: RunContext,
    given: { readonly request: ParsedResetRequest; readonly now: string },
  ): Promise<PlanSummary>;
  takeSnapshot(
    context: RunContext,
    given: Agreed & { readonly now: string },
  ): Promise<{ readonly documents: number }>;
  resetState(
    context: RunContext,
    given: Agreed & { readonly request: ParsedResetRequest },
  ): Promise<Rerun & { readonly freed: number }>;
  /** Inputs that were delivered again and that no run has processed yet. */
  findDueInputs(context: RunContext, agreed: Agreed): Promise<Pick<Rerun, 'inputs'>>;
  /** How the days differ from what they were. */
  compareReset(
    context: RunContext,
    agreed: Agreed,
  ): Promise<{ readonly days: number; readonly lines: readonly string[] }>;
}

/** An open procedure, for who would work beside it. */
export interface ProcedureAtWork extends FoundRun {
  readonly procedure: string;
  readonly startedAt: string;
  /** Who started it and why; absent where it does not tell. */
  readonly by?: string;
  readonly reason?: string;
}

export interface ProcedureActivities extends RecoveryActivities, UndoActivities, ResetActivities {
  /**
   * The first open procedure among these that began before the one that asks: of two that began in the same moment it is
   * the one whose ids come first.
   * @param given.settled whether all that began before has to be listed by now, which may take a moment
   */
  findEarlierProcedure(
    context: RunContext,
    given: { readonly among: readonly ProcedureName[]; readonly settled: boolean },
  ): Promise<ProcedureAtWork | null>;
  /** Returns when these workflows have ended, however they end. */
  awaitRuns(context: RunContext, given: { readonly workflowIds: readonly string[] }): Promise<void>;
  writeProcedureReport(
    context: RunContext,
    given: { readonly request: CommonRequest; readonly record: ProcedureRecord; readonly now: string },
  ): Promise<{ readonly key: string }>;
}
