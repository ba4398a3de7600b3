/** What every activity of a run is told: who the run is and the settings that it keeps for its whole life. */
import type { Owner } from './inputs.ts';
import { parseSettings } from './settings.ts';
import type { Settings } from './settings.ts';

const RUN_SETTINGS = [
  'pipeline',
  'bucket',
  'table',
  'workerType',
  'numberOfWorkers',
  'jobTimeoutMinutes',
  'gluePollSeconds',
  'maxFilesPerRun',
  'maxBytesPerRun',
  'maxUnpackedBytes',
  'referenceMaxUnusableShare',
  'gateMaxRejectedShare',
  'gateMaxReviewShare',
  'gateMaxLostShare',
  'gateMaxDayDistance',
  'parkHours',
  'parkExpiry',
  'historySteps',
  'shutdownWaitHours',
  'shutdownUnansweredMinutes',
  'retentionDays',
  'maxWriteUnitsPerSecond',
] as const satisfies readonly (keyof Settings)[];

export type RunSettings = Pick<Settings, (typeof RUN_SETTINGS)[number]>;

export function runSettingsOf(settings: Settings): RunSettings {
  const kept = RUN_SETTINGS.filter((name) => name in settings);
  return Object.fromEntries(kept.map((name) => [name, settings[name]])) as RunSettings;
}

/** What holds until a run has read its own. */
export const DEFAULT_RUN_SETTINGS = runSettingsOf(parseSettings({}));

export interface RunContext {
  readonly owner: Owner;
  readonly settings: RunSettings;
}
