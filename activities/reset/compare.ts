/** The days that were processed anew held against what they were. Reads only. */
import type { ResetActivities } from '../../pipeline/procedures/activity-types.ts';
import { shownLines } from '../../pipeline/procedures/plan.ts';
import { compareDays } from '../../pipeline/recovery/verification.ts';
import { resetPlanSchema } from '../../pipeline/reset/plan.ts';
import { agreedPlan } from '../procedures/documents.ts';
import { recordOf } from '../recovery/verify.ts';
import type { Buckets } from '../../systems/systems.ts';

export function createCompareActivities(systems: Buckets): Pick<ResetActivities, 'compareReset'> {
  return {
    async compareReset({ owner, settings }, { digest }) {
      const bucket = systems.bucket(settings.bucket);
      const { before } = await agreedPlan(bucket, owner.run, resetPlanSchema, digest);
      const after = await Promise.all(before.map(({ day }) => recordOf(bucket, day)));
      const { days, lines } = compareDays(before, after);
      return { days, lines: shownLines(lines) };
    },
  };
}
