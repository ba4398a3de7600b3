/** The bucket: versioned, encrypted, closed to the public, with an end for what nobody will need again. */
import {
  CreateBucketCommand,
  HeadBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type BucketLocationConstraint,
  type LifecycleRule,
  type S3Client,
} from '@aws-sdk/client-s3';
import { PREFIXES } from '../../../pipeline/layout.ts';
import { unlessThere } from './idempotent.ts';

/**
 * Days after which objects expire, by prefix. What is not here stays: delivered files until they are archived, records
 * and manifests, reference data, and what was set aside.
 */
const RETENTION_DAYS: Readonly<Record<string, number>> = {
  [PREFIXES.errors]: 90,
  [PREFIXES.review]: 90,
  // As long as the KPIs: a day's KPIs are always computed from all of its plays, also for a file that comes months late.
  [PREFIXES.plays]: 365,
  [PREFIXES.kpis]: 365,
  // Seven years, two of them leap years.
  [PREFIXES.archived]: 7 * 365 + 2,
  // Scratch of a run. One that is parked for longer has to be aborted, so that a new run stages its files (docs/setup.md).
  [PREFIXES.temporary]: 7,
};

/**
 * Replaced or deleted versions stay this long, so that a mistake can be undone. This is also how long a raw file can be
 * had back after it was archived and deleted from `streams/`.
 */
const NONCURRENT_DAYS = 30;

/** An upload that was given up costs money without being seen; none of ours takes a day. */
const UNFINISHED_UPLOAD_DAYS = 1;

export async function provisionBucket(s3: S3Client, bucket: string, region: string): Promise<void> {
  if (!(await exists(s3, bucket))) await create(s3, bucket, region);
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket: bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    }),
  );
  await s3.send(
    new PutPublicAccessBlockCommand({
      Bucket: bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
    }),
  );
  await s3.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: bucket,
      LifecycleConfiguration: { Rules: lifecycleRules() },
    }),
  );
}

async function exists(s3: S3Client, bucket: string): Promise<boolean> {
  try {
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    return true;
  } catch (error) {
    if (error instanceof Object && 'name' in error && error.name === 'NotFound') return false;
    throw error;
  }
}

/** S3's oldest region is the one that may not be named. */
const UNNAMED_REGION = 'us-east-1';

async function create(s3: S3Client, bucket: string, region: string): Promise<void> {
  const place = { LocationConstraint: region as BucketLocationConstraint };
  const command = new CreateBucketCommand({
    Bucket: bucket,
    ...(region === UNNAMED_REGION ? {} : { CreateBucketConfiguration: place }),
  });
  await unlessThere('BucketAlreadyOwnedByYou', () => s3.send(command));
}

function lifecycleRules(): LifecycleRule[] {
  const expiring = Object.entries(RETENTION_DAYS).map(([prefix, days]): LifecycleRule => ({
    ID: `expire-${prefix.replaceAll('/', '-').slice(0, -1)}`,
    Status: 'Enabled',
    Filter: { Prefix: prefix },
    Expiration: { Days: days },
  }));
  const tidying: LifecycleRule = {
    ID: 'old-versions-and-unfinished-uploads',
    Status: 'Enabled',
    Filter: { Prefix: '' },
    NoncurrentVersionExpiration: { NoncurrentDays: NONCURRENT_DAYS },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: UNFINISHED_UPLOAD_DAYS },
  };
  return [...expiring, tidying];
}
