/** The settings that a run keeps, as the worker that starts it has them. */
import type { PipelineActivities } from '../pipeline/activity-types.ts';
import type { Settings } from '../pipeline/settings.ts';

export function createSettingsActivities(settings: Settings): Pick<PipelineActivities, 'readRunSettings'> {
  const { pipeline, bucket, table, workerType, numberOfWorkers, jobTimeoutMinutes, gluePollSeconds } =
    settings;
  const {
    maxFilesPerRun,
    maxBytesPerRun,
    gateMaxRejectedShare,
    gateMaxReviewShare,
    parkHours,
    parkExpiry,
    historySteps,
    retentionDays,
  } = settings;
  const { maxWriteUnitsPerSecond } = settings;
  return {
    readRunSettings: () =>
      Promise.resolve({
        ...{ pipeline, bucket, table, workerType, numberOfWorkers, jobTimeoutMinutes, gluePollSeconds },
        ...{
          maxFilesPerRun,
          maxBytesPerRun,
          gateMaxRejectedShare,
          gateMaxReviewShare,
          parkHours,
          parkExpiry,
          historySteps,
          retentionDays,
        },
        ...(maxWriteUnitsPerSecond === undefined ? {} : { maxWriteUnitsPerSecond }),
      }),
  };
}
