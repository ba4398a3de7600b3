/** What the validation is to read, judge and write. */
import type { Reference } from '../../../pipeline/documents.ts';
import type { PreparedInputs } from '../../../pipeline/inputs.ts';
import { layout, PREFIXES, s3Uri } from '../../../pipeline/layout.ts';
import type { RunContext } from '../../../pipeline/run-context.ts';
import type { Bucket } from '../../../systems/s3/bucket.ts';
import { plannedReference, writeStagePlan } from './stage-plan.ts';

export async function planValidation(
  bucket: Bucket,
  { owner: { run }, settings }: RunContext,
  prepared: PreparedInputs,
  { reference, now }: { readonly reference: Reference; readonly now: string },
): Promise<void> {
  const uri = (key: string): string => s3Uri(bucket.name, key);
  await writeStagePlan(bucket, 'validation', {
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
  });
}
