/** All activities of the data recovery. */
import type { RecoveryActivities } from '../../pipeline/procedures/activity-types.ts';
import { createReturnActivities } from './inputs.ts';
import { createRecoveryPlanActivities } from './plan.ts';
import type { RecoveryParts } from './plan.ts';
import { createRestoreActivities } from './restore.ts';
import { createVerifyActivities } from './verify.ts';

export function createRecoveryActivities(parts: RecoveryParts): RecoveryActivities {
  return {
    ...createRecoveryPlanActivities(parts),
    ...createRestoreActivities(parts.systems),
    ...createReturnActivities(parts.systems),
    ...createVerifyActivities(parts),
  };
}
