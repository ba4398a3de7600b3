/** The settings that a run keeps, as the worker that starts it has them. */
import type { PipelineActivities } from '../pipeline/activity-types.ts';
import { runSettingsOf } from '../pipeline/run-context.ts';
import type { Settings } from '../pipeline/settings.ts';

export function createSettingsActivities(settings: Settings): Pick<PipelineActivities, 'readRunSettings'> {
  return { readRunSettings: () => Promise.resolve(runSettingsOf(settings)) };
}
