/** The state before a reset: copies of all records and manifests that it touches, with the versions of the originals. */
import { heartbeat } from '@temporalio/activity';
import { layout } from '../../pipeline/layout.ts';
import { playsManifestSchema } from '../../pipeline/manifests.ts';
import type { ResetActivities } from '../../pipeline/procedures/activity-types.ts';
import { resetPlanSchema, snapshotSchema } from '../../pipeline/reset/plan.ts';
import type { ResetPlan, Snapshot } from '../../pipeline/reset/plan.ts';
import { agreedPlan } from '../procedures/documents.ts';
import { copyWithin } from '../../systems/s3/copy.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';

/** Repeating it keeps the first: what was changed since is the reset's own work. */
export function createSnapshotActivities(systems: Buckets): Pick<ResetActivities, 'takeSnapshot'> {
  return {
    async takeSnapshot({ owner, settings }, { digest, now }) {
      const bucket = systems.bucket(settings.bucket);
      const name = layout.procedureRecord(owner.run, 'snapshot');
      const taken = await bucket.readJson(name, snapshotSchema);
      const snapshot = taken?.value ?? (await take(bucket, owner.run, digest, now));
      if (taken === undefined) await bucket.writeJson(name, snapshot);
      return { documents: snapshot.records.length + snapshot.manifests.length };
    },
  };
}

async function take(bucket: Bucket, procedure: string, digest: string, now: string): Promise<Snapshot> {
  const plan = await agreedPlan(bucket, procedure, resetPlanSchema, digest);
  const records: Snapshot['records'] = [];
  for (const key of recordsOf(plan)) {
    const versionId = await keep(bucket, procedure, key);
    if (versionId !== undefined) records.push({ key, versionId });
  }
  const manifests: Snapshot['manifests'] = [];
  const days = new Set([
    ...plan.returns.flatMap((file) => file.days),
    ...(plan.undo?.rollbacks.map(({ day }) => day) ?? []),
  ]);
  for (const day of [...days].sort()) {
    const key = layout.manifest('plays', day);
    const versionId = await keep(bucket, procedure, key);
    const manifest = await bucket.readJson(key, playsManifestSchema, versionId);
    if (versionId === undefined || manifest === undefined) continue;
    manifests.push({ key, versionId, day, edition: manifest.value.edition });
    await keep(bucket, procedure, layout.manifest('kpis', day));
  }
  return { version: 1, procedure, takenAt: now, records, manifests };
}

function recordsOf({ claims, returns, undo }: ResetPlan): string[] {
  const keys = [
    ...claims.map(({ record }) => record),
    ...returns.map(({ id }) => layout.file(id)),
    ...(undo?.records.map(({ key }) => key) ?? []),
  ];
  return [...new Set(keys)];
}

/** @returns the version that was copied; `undefined` when there is none */
async function keep(bucket: Bucket, procedure: string, key: string): Promise<string | undefined> {
  const head = await bucket.head(key);
  if (head === undefined) return undefined;
  const versionId = head.versionId;
  const source = { key, versionId, size: head.size };
  await copyWithin(bucket, source, `${layout.procedureFolder(procedure)}snapshot/${key}`, () => {
    heartbeat({ keeping: key });
  });
  heartbeat({ kept: key });
  return versionId;
}
