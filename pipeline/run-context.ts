/** What every activity of a run is told: who the run is and the settings that it keeps for its whole life. */
import type { Owner } from './inputs.ts';
import type { Settings } from './settings.ts';

export type RunSettings = Pick<
  Settings,
  | 'pipeline'
  | 'bucket'
  | 'table'
  | 'workerType'
  | 'numberOfWorkers'
  | 'jobTimeoutMinutes'
  | 'gluePollSeconds'
  | 'maxFilesPerRun'
  | 'maxBytesPerRun'
  | 'gateMaxRejectedShare'
  | 'gateMaxReviewShare'
  | 'parkHours'
  | 'parkExpiry'
  | 'historySteps'
  | 'retentionDays'
  | 'maxWriteUnitsPerSecond'
>;

export interface RunContext {
  readonly owner: Owner;
  readonly settings: RunSettings;
}
