/** Going back on a reset: what of its work is still as it left it. Reads only. */
import { layout } from '../../pipeline/layout.ts';
import { playsManifestSchema } from '../../pipeline/manifests.ts';
import { resetResultSchema, snapshotSchema } from '../../pipeline/reset/plan.ts';
import type { ResetPlan, Snapshot } from '../../pipeline/reset/plan.ts';
import { failure } from '../aws/call.ts';
import { findVersion } from '../recovery/documents.ts';
import type { Bucket } from '../storage/objects.ts';

type Undo = NonNullable<ResetPlan['undo']>;

/** @throws `RecoveryImpossible` when there is no snapshot of such a reset */
export async function planUndo(bucket: Bucket, reset: string): Promise<Undo> {
  const snapshot = await bucket.readJson(layout.procedureRecord(reset, 'snapshot'), snapshotSchema);
  const left = await bucket.readJson(layout.procedureRecord(reset, 'reset'), resetResultSchema);
  if (snapshot === undefined || left === undefined) {
    throw failure(
      'RecoveryImpossible',
      `${reset} is no reset that has changed anything: it left no snapshot`,
    );
  }
  const before = new Map(snapshot.value.records.map(({ key, versionId }) => [key, versionId]));
  const records: Undo['records'] = [];
  const changed: string[] = [];
  for (const { key, etag } of left.value.records) {
    const versionId = before.get(key);
    if (versionId === undefined) continue;
    if ((await bucket.head(key))?.ETag === etag) records.push({ key, etag, versionId });
    else changed.push(key);
  }
  const removals: Undo['removals'] = [];
  for (const input of left.value.inputs) {
    if ((await bucket.head(input.key))?.ETag === input.etag) removals.push(input);
  }
  return { reset, records, removals, rollbacks: await rollbacks(bucket, snapshot.value), changed };
}

async function rollbacks(bucket: Bucket, { manifests }: Snapshot): Promise<Undo['rollbacks']> {
  const found: Undo['rollbacks'] = [];
  for (const { day, edition, key } of manifests) {
    const current = (await bucket.readJson(key, playsManifestSchema))?.value.edition ?? edition;
    if (current <= edition) continue;
    const earlier = await findVersion(bucket, key, playsManifestSchema, (found) => found.edition === edition);
    if (earlier === undefined) {
      throw failure('RecoveryImpossible', `No version of ${key} is edition ${String(edition)} any more`);
    }
    found.push({ day, edition, current, from: earlier.from });
  }
  return found;
}
