/** The bucket's structure. Creates markers that are missing and never touches one that is there. */
import { GetBucketVersioningCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import type { StructureReport } from '../../pipeline/activity-types.ts';
import { PREFIXES } from '../../pipeline/layout.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { call, failure, isConditionLost, traitsOf } from '../call.ts';
import { Bucket } from '../../systems/s3/bucket.ts';

export function createStructureActivities(s3: S3Client): {
  ensureStructure(context: RunContext): Promise<StructureReport>;
} {
  return {
    async ensureStructure({ settings }) {
      const bucket = new Bucket(s3, settings.bucket);
      await requireBucket(bucket);
      const limit = pLimit(S3_AT_ONCE);
      const created = await Promise.all(
        Object.values(PREFIXES).map((prefix) =>
          limit(async () => ((await createMarker(bucket, prefix)) ? prefix : undefined)),
        ),
      );
      return { createdPrefixes: created.filter((prefix) => prefix !== undefined) };
    },
  };
}

async function requireBucket(bucket: Bucket): Promise<void> {
  const versioning = await call(`GetBucketVersioning ${bucket.name}`, async (options) => {
    try {
      return await bucket.s3.send(new GetBucketVersioningCommand({ Bucket: bucket.name }), options);
    } catch (error) {
      if (traitsOf(error).httpStatus !== 404) throw error;
      throw failure(
        'BucketMissing',
        `Bucket ${bucket.name} does not exist; it is never created by a run`,
        error,
      );
    }
  });
  if (versioning.Status !== 'Enabled') {
    const status = versioning.Status ?? 'never enabled';
    throw failure(
      'BucketMisconfigured',
      `Versioning of bucket ${bucket.name} is ${status}; inputs are fixed by their version`,
    );
  }
}

async function createMarker(bucket: Bucket, prefix: string): Promise<boolean> {
  if ((await bucket.head(prefix)) !== undefined) return false;
  return await call(`PutObject ${prefix}`, async (options) => {
    try {
      const marker = { Bucket: bucket.name, Key: prefix, Body: '', ContentLength: 0, IfNoneMatch: '*' };
      await bucket.s3.send(new PutObjectCommand(marker), options);
      return true;
    } catch (error) {
      if (isConditionLost(error)) return false;
      throw error;
    }
  });
}
