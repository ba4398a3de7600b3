/** RDATA-5: the same look as before the recovery, and the days' records held against those of before. Writes what it found. */
import { layout } from '../../pipeline/layout.ts';
import type { RecoveryActivities } from '../../pipeline/procedures/activity-types.ts';
import { shownLines } from '../../pipeline/procedures/plan.ts';
import { beforeOf, recoveryPlanSchema } from '../../pipeline/recovery/plan.ts';
import type { Before } from '../../pipeline/recovery/plan.ts';
import { verification } from '../../pipeline/recovery/verification.ts';
import { agreedPlan } from '../procedures/documents.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import { Documents } from './documents.ts';
import { examine } from './plan.ts';
import type { RecoveryParts } from './plan.ts';

export function createVerifyActivities(parts: RecoveryParts): Pick<RecoveryActivities, 'verifyRecovery'> {
  return {
    async verifyRecovery(context, { digest, request, now }) {
      const { owner, settings } = context;
      const bucket = parts.systems.bucket(settings.bucket);
      const plan = await agreedPlan(bucket, owner.run, recoveryPlanSchema, digest);
      const evidence = await examine(parts, context, request, now);
      const after = await Promise.all(plan.before.map(({ day }) => recordOf(bucket, day)));
      const found = verification(plan, evidence, after);
      await bucket.writeJson(layout.procedureRecord(owner.run, 'verification'), found);
      const { remaining, differences, differingDays, lost } = found;
      return {
        remaining: remaining.length,
        differing: differingDays,
        lost: lost.length,
        lines: shownLines([...remaining, ...differences]),
      };
    },
  };
}

/** What the manifests say of a day. */
export async function recordOf(bucket: Bucket, day: string): Promise<Before> {
  const { plays = null, kpis = null } = await new Documents(bucket).ofDay(day);
  return beforeOf({ day, plays, kpis });
}
