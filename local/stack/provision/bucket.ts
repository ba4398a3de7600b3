/** The bucket, made as it is declared. */
import {
  CreateBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type BucketLocationConstraint,
  type LifecycleRule as AwsLifecycleRule,
  type S3Client,
} from '@aws-sdk/client-s3';
import { BUCKET, type LifecycleRule } from '../../../pipeline/declared/bucket.ts';
import { unlessThere } from './idempotent.ts';

export async function provisionBucket(s3: S3Client, bucket: string, region: string): Promise<void> {
  await create(s3, bucket, region);
  const { versioning, encryption, publicAccessBlocked, lifecycle } = BUCKET;
  await s3.send(
    new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: versioning } }),
  );
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket: bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: encryption } }],
      },
    }),
  );
  await s3.send(
    new PutPublicAccessBlockCommand({
      Bucket: bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: publicAccessBlocked,
        IgnorePublicAcls: publicAccessBlocked,
        BlockPublicPolicy: publicAccessBlocked,
        RestrictPublicBuckets: publicAccessBlocked,
      },
    }),
  );
  await s3.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: bucket,
      LifecycleConfiguration: { Rules: lifecycle.map(ruleOf) },
    }),
  );
}

function ruleOf({
  id,
  prefix,
  objectDays,
  oldVersionDays,
  unfinishedUploadDays,
}: LifecycleRule): AwsLifecycleRule {
  return {
    ID: id,
    Status: 'Enabled',
    Filter: { Prefix: prefix },
    ...(objectDays !== undefined && { Expiration: { Days: objectDays } }),
    ...(oldVersionDays !== undefined && { NoncurrentVersionExpiration: { NoncurrentDays: oldVersionDays } }),
    ...(unfinishedUploadDays !== undefined && {
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: unfinishedUploadDays },
    }),
  };
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
