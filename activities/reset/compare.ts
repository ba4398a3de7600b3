/** The days that were processed anew held against what they were. Reads only. */
import type { S3Client } from '@aws-sdk/client-s3';
import type { ResetActivities } from '../../pipeline/procedures/activity-types.ts';
import { shownLines } from '../../pipeline/procedures/plan.ts';
import { compareDays } from '../../pipeline/recovery/verification.ts';
import { resetPlanSchema } from '../../pipeline/reset/plan.ts';
import { agreedPlan } from '../procedures/documents.ts';
import { recordOf } from '../recovery/verify.ts';
import { Bucket } from '../../systems/s3/bucket.ts';

export function createCompareActivities(s3: S3Client): Pick<ResetActivities, 'compareReset'> {
  return {
    async compareReset({ owner, settings }, { digest }) {
      const bucket = new Bucket(s3, settings.bucket);
      const { before } = await agreedPlan(bucket, owner.run, resetPlanSchema, digest);
      const after = await Promise.all(before.map(({ day }) => recordOf(bucket, day)));
      const { days, lines } = compareDays(before, after);
      return { days, lines: shownLines(lines) };
    },
  };
}
