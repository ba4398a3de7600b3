/** All activities of the reset. */
import type { ResetActivities } from '../../pipeline/procedures/activity-types.ts';
import { createCompareActivities } from './compare.ts';
import { createResetPlanActivities } from './plan.ts';
import type { ResetParts } from './plan.ts';
import { createSnapshotActivities } from './snapshot.ts';
import { createResetStateActivities } from './state.ts';

export function createResetActivities(parts: ResetParts): ResetActivities {
  return {
    ...createResetPlanActivities(parts),
    ...createSnapshotActivities(parts.systems),
    ...createResetStateActivities(parts.systems),
    ...createCompareActivities(parts.systems),
  };
}
