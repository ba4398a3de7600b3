/** What a shutdown says of itself, while it works and when it has ended; it takes no commands. */
import { defineQuery } from '@temporalio/workflow';
import type {
  Chain,
  FoundRun,
  PausedSchedules,
  ShutdownReport,
  StoppedGlueRun,
} from '../../pipeline/shutdown.ts';
import type { Phase, Problems, ShutdownStep } from './steps.ts';

export interface ShutdownStatus {
  /** Id under which it is undone. */
  readonly shutdown: string;
  readonly by: string;
  readonly reason: string;
  readonly dryRun: boolean;
  readonly phase: Phase;
  /** The guide's steps; none where only a look was asked for. */
  readonly steps: readonly ShutdownStep[];
  readonly schedules: PausedSchedules;
  readonly runs: readonly FoundRun[];
  /** Procedures that were paused. */
  readonly procedures: readonly FoundRun[];
  /** Cron chains that were ended. */
  readonly chains: readonly Chain[];
  /** Runs and Glue runs that have not ended yet. */
  readonly open: readonly string[];
  readonly glueRuns: readonly StoppedGlueRun[];
  readonly problems: Problems;
  /** When all schedules were paused, all runs told and all Glue runs asked to stop. */
  readonly requestedAt: string | null;
}

export const statusQuery = defineQuery<ShutdownStatus>('status');

export interface ShutdownResult extends Omit<ShutdownStatus, 'phase' | 'open'> {
  /** Keys of the report and of the plan to undo it; none for a dry run. */
  readonly report: ShutdownReport | null;
}
