/** Going back on a reset: what of its work is still as it left it. Reads only. */
import { layout } from '../../pipeline/layout.ts';
import { playsManifestSchema } from '../../pipeline/manifests.ts';
import type { PlaysManifest } from '../../pipeline/manifests.ts';
import { resetResultSchema, snapshotSchema } from '../../pipeline/reset/plan.ts';
import type { ResetUndo, Snapshot } from '../../pipeline/reset/plan.ts';
import { failure } from '../call.ts';
import { findVersion } from '../recovery/documents.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';

/** @throws `RecoveryImpossible` when there is no snapshot of such a reset */
export async function planResetUndo(bucket: Bucket, reset: string): Promise<ResetUndo> {
  const snapshot = await bucket.readJson(layout.procedureRecord(reset, 'snapshot'), snapshotSchema);
  if (snapshot === undefined) {
    throw failure(
      'RecoveryImpossible',
      `${reset} is no reset that has changed anything: it left no snapshot`,
    );
  }
  const left = await bucket.readJson(layout.procedureRecord(reset, 'reset'), resetResultSchema);
  const tags = new Map(left?.value.records.map(({ key, etag }) => [key, etag]));
  const records: ResetUndo['records'] = [];
  const changed: string[] = [];
  for (const { key, versionId } of snapshot.value.records) {
    const head = await bucket.head(key);
    // A reset that stopped half-way has not come to it.
    if (head?.versionId === versionId) continue;
    const etag = tags.get(key);
    if (etag !== undefined && head?.etag === etag) records.push({ key, etag, versionId });
    else changed.push(key);
  }
  const removals: ResetUndo['removals'] = [];
  for (const input of left?.value.inputs ?? []) {
    if ((await bucket.head(input.key))?.etag === input.etag) removals.push(input);
  }
  const days = await rollbacks(bucket, reset, snapshot.value);
  return { reset, records, removals, rollbacks: days.rollbacks, changed: [...changed, ...days.changed] };
}

async function rollbacks(
  bucket: Bucket,
  reset: string,
  { manifests }: Snapshot,
): Promise<Pick<ResetUndo, 'rollbacks' | 'changed'>> {
  const found: ResetUndo['rollbacks'] = [];
  const changed: string[] = [];
  for (const { day, edition, key } of manifests) {
    const current = (await bucket.readJson(key, playsManifestSchema))?.value;
    if (current === undefined || current.edition <= edition) continue;
    const earlier = await findVersion(bucket, key, playsManifestSchema, (found) => found.edition === edition);
    if (earlier === undefined) {
      throw failure('RecoveryImpossible', `No version of ${key} is edition ${edition} any more`);
    }
    if (isWorkOf(reset, current, earlier.value))
      found.push({ day, edition, current: current.edition, from: earlier.from });
    else changed.push(key);
  }
  return { rollbacks: found, changed };
}

/** Whether the reset has made the edition, and nothing that others brought or withdrew since is in it. */
function isWorkOf(reset: string, current: PlaysManifest, earlier: PlaysManifest): boolean {
  const before = new Set(earlier.sources.map(({ id }) => id));
  // The runs of a procedure are named after it.
  const own = current.run === reset || current.run.startsWith(`${reset}-`);
  const brought = current.sources.some(({ id }) => !before.has(id));
  const withdrawn = current.retired.some(({ id, retiredBy }) => before.has(id) && retiredBy !== id);
  return own && !brought && !withdrawn;
}
