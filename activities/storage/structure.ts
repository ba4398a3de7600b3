/** The bucket's structure. Creates markers that are missing and never touches one that is there. */
import pLimit from 'p-limit';
import type { StructureReport } from '../../pipeline/activity-types.ts';
import { BUCKET } from '../../pipeline/declared/bucket.ts';
import { PREFIXES } from '../../pipeline/layout.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { failure } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import { versioningOf } from '../../systems/s3/versions.ts';
import type { Buckets } from '../../systems/systems.ts';

export function createStructureActivities(systems: Buckets): {
  ensureStructure(context: RunContext): Promise<StructureReport>;
} {
  return {
    async ensureStructure({ settings }) {
      const bucket = systems.bucket(settings.bucket);
      await requireVersions(bucket);
      const created = await pLimit(S3_AT_ONCE).map(Object.values(PREFIXES), async (prefix) =>
        (await createMarker(bucket, prefix)) ? [prefix] : [],
      );
      return { createdPrefixes: created.flat() };
    },
  };
}

async function requireVersions(bucket: Bucket): Promise<void> {
  const status = await versioningOf(bucket);
  if (status !== BUCKET.versioning) {
    throw failure(
      'BucketMisconfigured',
      `Versioning of bucket ${bucket.name} is ${status}; inputs are fixed by their version`,
    );
  }
}

async function createMarker(bucket: Bucket, prefix: string): Promise<boolean> {
  return (await bucket.head(prefix)) === undefined && (await bucket.create(prefix, ''));
}
