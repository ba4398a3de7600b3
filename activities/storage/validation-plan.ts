/** What the validation is to read, judge and write: the plan that its Glue run is given. */
import type { Reference } from '../../pipeline/documents.ts';
import type { PreparedInputs } from '../../pipeline/inputs.ts';
import { layout, PREFIXES, s3Uri } from '../../pipeline/layout.ts';
import type { ValidationPlan } from '../../pipeline/plans.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import { plannedReference } from './reference.ts';

export async function writePlan(
  bucket: Bucket,
  { owner: { run }, settings }: RunContext,
  prepared: PreparedInputs,
  { reference, now }: { readonly reference: Reference; readonly now: string },
): Promise<void> {
  const uri = (key: string): string => s3Uri(bucket.name, key);
  const plan: ValidationPlan = {
    version: 1,
    run,
    now,
    files: prepared.files.flatMap(({ id, key, size, stagedKey }) =>
      stagedKey === undefined ? [] : [{ id, key, size, uri: uri(stagedKey) }],
    ),
    reference: plannedReference(bucket, reference),
    playsPrefix: uri(PREFIXES.plays),
    errorsPrefix: uri(layout.errors(run)),
    reviewPrefix: uri(layout.review(run)),
    manifestsPrefix: uri(PREFIXES.playsManifests),
    retiring: prepared.retire.map(({ id }) => id),
    scratchPrefix: uri(layout.scratch(run)),
    maxUnpackedBytes: settings.maxUnpackedBytes,
  };
  await bucket.writeJson(layout.plan(run, 'validation'), plan);
}
