/**
 * Delivering inputs again whose plays are to be made again. First the record says so, then the bytes come back under
 * the file's own key: a run that finds them in between, or after a crash, does the right thing by itself, and what a
 * run has processed already is left out when the step is repeated.
 */
import { heartbeat } from '@temporalio/activity';
import { renew } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { playsManifestSchema } from '../../pipeline/manifests.ts';
import type { RecoveryActivities } from '../../pipeline/procedures/activity-types.ts';
import { recoveryPlanSchema } from '../../pipeline/recovery/plan.ts';
import type { RecoveryPlan, Return } from '../../pipeline/recovery/plan.ts';
import { batches, inputBatches } from '../../pipeline/recovery/summary.ts';
import { failure } from '../call.ts';
import { agreedPlan } from '../procedures/documents.ts';
import { copyWithin } from '../../systems/s3/copy.ts';
import { changeFile } from '../storage/standing.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import { Inspection } from './inspection.ts';

export function createReturnActivities(systems: Buckets): Pick<RecoveryActivities, 'returnInputs'> {
  return {
    async returnInputs({ owner, settings }, { digest }) {
      const bucket = systems.bucket(settings.bucket);
      const plan = await agreedPlan(bucket, owner.run, recoveryPlanSchema, digest);
      const inputs: string[] = [];
      for (const file of plan.returns) {
        if (await returnInput(bucket, owner.run, file)) inputs.push(file.key);
        heartbeat({ returned: file.key });
      }
      const dates = await notYetComputed(bucket, plan);
      return { inputs: inputBatches(inputs, plan.returns), dates: batches(dates) };
    },
  };
}

/** @returns whether a run has to take the file */
export async function returnInput(bucket: Bucket, procedure: string, file: Return): Promise<boolean> {
  const record = await changeFile(bucket, file.id, (current) => renew(current, procedure));
  if (record?.state === 'done') return false;
  const { key, size, sha256, from } = file;
  const problem = await new Inspection(bucket, false).problemOf({ key, size, sha256 });
  if (problem === 'missing') {
    await copyWithin(bucket, { ...from, size }, key, () => {
      heartbeat({ returning: key });
    });
  } else if (problem !== undefined) {
    throw failure('PlanOutdated', `Another file was delivered as ${key} since the plan was made`);
  }
  return true;
}

/** Days that a run has published since the plan was made are computed already. */
async function notYetComputed(
  bucket: Bucket,
  { recompute, before, rollback }: RecoveryPlan,
): Promise<string[]> {
  const editions = new Map(before.map(({ day, playsEdition }) => [day, playsEdition]));
  const days: string[] = [];
  for (const day of recompute) {
    const manifest = await bucket.readJson(layout.manifest('plays', day), playsManifestSchema);
    const planned = rollback?.day === day ? rollback.current + 1 : editions.get(day);
    if (manifest?.value.edition === planned) days.push(day);
  }
  return days;
}
