/**
 * The contract between workflows and activities: every activity that a run calls, what it is given and what it leaves.
 * Arguments and results are small JSON; lists and reports are in S3, and these hold their keys.
 */
import type { Checkpoint, Progress } from './checkpoint.ts';
import type { Reference } from './documents.ts';
import type { LiveGlueRun } from './glue-run.ts';
import type { PlannedStage } from './plans.ts';
import type { Overrides, ParsedRequest } from './request.ts';
import type { GateVerdict } from './quality.ts';
import type { RowCounts } from './reports.ts';
import type { RunContext, RunSettings } from './run-context.ts';
import type {
  Chain,
  FoundRun,
  PausedSchedules,
  ShutdownFindings,
  ShutdownReport,
  UndoPlan,
} from './shutdown.ts';
import type { ScriptName, StageName } from './stages.ts';

export interface Identity {
  readonly account: string;
  readonly arn: string;
  readonly region: string;
}

export interface StructureReport {
  readonly createdPrefixes: readonly string[];
}

/** Keys of what a Glue run executes. Nothing is ever put in their place, so they are a version. */
export interface ScriptFiles {
  readonly script: string;
  /** The package that the script imports. */
  readonly library: string;
}

export interface ScriptsReport {
  readonly digests: Readonly<Record<ScriptName, string>>;
  readonly files: Readonly<Record<ScriptName, ScriptFiles>>;
  readonly uploaded: number;
  /** Jobs that were created or pointed at another script. */
  readonly changedJobs: readonly string[];
}

export interface NewStreams {
  readonly files: number;
  readonly bytes: number;
  /** Files that a next run will take. */
  readonly left: number;
  /** Objects that are no deliveries, by names that Hadoop calls hidden; absent when there are none. */
  readonly hidden?: number;
}

export interface Preparation {
  readonly toValidate: number;
  readonly redelivered: number;
  readonly retiring: number;
  readonly deferred: number;
  readonly bytes: number;
}

export interface GlueJobRequest {
  readonly stage: PlannedStage;
  readonly script: ScriptName;
  readonly scriptDigest: string;
  readonly files: ScriptFiles;
  readonly token: string;
  /** The run has used the token before and does not know what came of it. */
  readonly tokenUsed: boolean;
  readonly overrides: Overrides;
}

export interface StartedGlueRun {
  readonly jobName: string;
  readonly jobRunId: string;
  /** The run was there already: an earlier start had been answered late or never. */
  readonly adopted: boolean;
  /** Minutes after which Glue itself ends the run. */
  readonly timeoutMinutes: number;
}

/** How a run stood when it was stopped. */
export interface StopRecord {
  readonly stoppedAt: string;
  readonly by: string;
  readonly reason: string;
  readonly stage: StageName | null;
  readonly checkpoints: readonly Checkpoint[];
}

export interface EndedGlueRun {
  readonly state: string;
  readonly errorMessage?: string;
  readonly executionSeconds: number;
  readonly dpuSeconds?: number;
}

export interface QualitySummary {
  readonly gate: GateVerdict;
  readonly rows: RowCounts;
  readonly rejectedFiles: number;
}

export interface DayEdition {
  readonly day: string;
  readonly edition: number;
}

/** Days that a run has published; all of them are in its record `published-days`. */
export interface PublishedPlays {
  /** The first ten. */
  readonly days: readonly DayEdition[];
  readonly dayCount: number;
}

/** Of both the first ten, and how many there are. */
export interface PublishedKpis {
  readonly published: readonly DayEdition[];
  readonly publishedCount: number;
  /** Days for which a newer edition is published already. */
  readonly superseded: readonly DayEdition[];
  readonly supersededCount: number;
}

export interface ArchiveReport {
  readonly archived: number;
  readonly bytes: number;
  /** Originals that stay, because another version of the key has arrived meanwhile. */
  readonly kept: number;
}

/** What the workflow knows of a run's end; the record in the bucket has all days as well. */
export interface RunOutcome {
  readonly outcome: string;
  /** Why it ended before it had done its work. */
  readonly why?: string;
  readonly rows?: RowCounts;
}

export interface LoadSummary {
  readonly put: number;
  readonly deleted: number;
  readonly unchanged: number;
  readonly superseded: number;
}

export interface PipelineActivities {
  readRunSettings(): Promise<RunSettings>;
  validateAwsConnection(): Promise<Identity>;
  /** @throws `TableMissing`, `TableMisconfigured` when the load could not work with the table as it is */
  checkTable(settings: Pick<RunSettings, 'table'>): Promise<void>;

  ensureStructure(context: RunContext): Promise<StructureReport>;
  checkReferenceData(context: RunContext): Promise<Reference>;
  findNewStreams(context: RunContext, request: Pick<ParsedRequest, 'inputs'>): Promise<NewStreams>;
  /** Claims what is free. Files of runs that have ended are taken over, those of running ones wait for a next run. */
  prepareData(
    context: RunContext,
    given: { readonly reference: Reference; readonly now: string },
  ): Promise<Preparation>;
  judgeQuality(
    context: RunContext,
    given: {
      /** Absent when the run only withdraws plays. */
      readonly report?: string;
      /** What stops counting does so by a plan that has been approved. */
      readonly onPurpose: boolean;
    },
  ): Promise<QualitySummary>;
  quarantineInputs(
    context: RunContext,
    given: { readonly reason: string },
  ): Promise<{ readonly files: number }>;
  publishPlays(
    context: RunContext,
    given: {
      /** Absent when the run only withdraws plays. */
      readonly report?: string;
      readonly reference: Reference;
      readonly scriptDigest: string;
      readonly now: string;
      /** Days to publish again as they are, so that their KPIs are computed again. */
      readonly recompute?: readonly string[];
    },
  ): Promise<PublishedPlays>;
  verifyKpis(context: RunContext, given: { readonly report: string }): Promise<{ readonly items: number }>;
  publishKpis(
    context: RunContext,
    given: { readonly report: string; readonly now: string },
  ): Promise<PublishedKpis>;
  archiveInputs(context: RunContext, given: { readonly now: string }): Promise<ArchiveReport>;
  updateProcessingState(
    context: RunContext,
    given: {
      readonly now: string;
      readonly record: RunOutcome;
      readonly loadReport?: string;
      /** An operator has let archiving out: the inputs are done, and stay where they are. */
      readonly unarchived?: true;
    },
  ): Promise<LoadSummary | null>;
  /** The record of a run that ends early. Nothing else is changed, since another execution may go on with it. */
  recordEarlyEnd(
    context: RunContext,
    given: { readonly now: string; readonly record: RunOutcome },
  ): Promise<void>;

  verifyGlueScripts(context: RunContext): Promise<ScriptsReport>;
  startGlueRun(context: RunContext, request: GlueJobRequest): Promise<StartedGlueRun>;
  awaitGlueRun(
    context: RunContext,
    run: { readonly jobName: string; readonly jobRunId: string },
  ): Promise<EndedGlueRun>;
  /** Stops the live runs that carry the token, and waits some minutes until they have ended. */
  stopGlueRun(
    context: RunContext,
    run: {
      readonly script: ScriptName;
      readonly token: string;
      /** The run that the stage has begun, where its id is known. */
      readonly jobRunId?: string;
      /** Nobody watches the run: it alone is told to stop, and not waited for. */
      readonly orphan?: boolean;
    },
  ): Promise<{
    readonly jobRunIds: readonly string[];
    /** Those that had not ended when waiting was given up. */
    readonly stillStopping?: readonly string[];
  }>;

  /** Live Glue runs of the pipeline's jobs that carry a token. */
  findLiveGlueRuns(context: { readonly settings: RunSettings }): Promise<LiveGlueRun[]>;

  /** Which of these workflow ids have no open execution, or one whose time has not come. */
  findClosedWorkflows(workflowIds: readonly string[]): Promise<string[]>;
  /** What a closed execution of a workflow had done. */
  readProgress(closed: { readonly workflowId: string; readonly runId: string }): Promise<Progress>;

  /**
   * Makes this execution the owner of what the run had claimed before it was closed. The claims name the closed execution,
   * so any run may have taken the files over since: from one that has ended they are taken back.
   */
  adoptInputs(
    context: RunContext,
    given: {
      /** Validation is done once more: what the run has published makes room for what it finds now. */
      readonly again?: { readonly reference: Reference; readonly now: string };
    },
  ): Promise<{ readonly files: number }>;
  /**
   * Moves what these Glue runs have written to quarantine, and writes down how the run stood. Output of a run that has
   * succeeded meanwhile stays, since a resumed run adopts it; so does that of one which has not ended yet.
   */
  secureStoppedRun(
    context: RunContext,
    given: { readonly jobRunIds: readonly string[]; readonly record: StopRecord },
  ): Promise<{ readonly objects: number; readonly record: string }>;
}

/** Which shutdown stops something, who has asked for it, and why. */
type ShutdownCause = Pick<UndoPlan, 'shutdown' | 'by' | 'reason'>;

/** What only the emergency shutdown does. All can be repeated. */
export interface ShutdownActivities {
  /** Pauses the schedules of the pipeline. By the mark that the note begins with, a repetition knows its own work. */
  pauseSchedules(
    settings: RunSettings,
    given: { readonly mark: string; readonly note: string },
  ): Promise<PausedSchedules>;
  /** What {@link pauseSchedules} would pause. */
  listSchedules(settings: RunSettings): Promise<PausedSchedules>;
  findOpenRuns(settings: RunSettings): Promise<FoundRun[]>;
  /** Tells these runs to shut down; one that has ended is passed over. */
  tellRuns(
    settings: RunSettings,
    given: ShutdownCause & { readonly runs: readonly FoundRun[] },
  ): Promise<void>;
  /** The cron chains that these runs belong to. */
  readChains(settings: RunSettings, given: { readonly runs: readonly FoundRun[] }): Promise<Chain[]>;
  /** Terminates executions of cron chains, so that the server starts no next ones. */
  endChains(
    settings: RunSettings,
    given: ShutdownCause & { readonly runs: readonly FoundRun[] },
  ): Promise<void>;
  /** Pauses the procedures that are at work; returns those that this shutdown has paused, now or in an earlier try. */
  pauseProcedures(settings: RunSettings, cause: ShutdownCause): Promise<FoundRun[]>;
  /** Those that {@link pauseProcedures} would pause. */
  findOpenProcedures(settings: RunSettings): Promise<FoundRun[]>;
  findPollers(): Promise<string[]>;
  /** Asks Glue to stop these runs, without waiting; one that has ended is passed over. */
  stopGlueRuns(settings: RunSettings, given: { readonly runs: readonly LiveGlueRun[] }): Promise<void>;
  /** Items of the table as DynamoDB counts them, some hours late; null where it does not tell. */
  countTableItems(settings: RunSettings): Promise<number | null>;
  /** Until the report is written, which comes with the whole plan. */
  saveUndoPlan(settings: RunSettings, plan: UndoPlan): Promise<void>;
  writeShutdownReport(settings: RunSettings, findings: ShutdownFindings): Promise<ShutdownReport>;
}

/** What a workflow asks before it follows a command. */
export interface CommandActivities {
  /** The Temporal run id of the execution that asks. */
  identifyRun(): Promise<{ readonly runId: string }>;
}
