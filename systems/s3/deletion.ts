/** Deleting everything below a prefix. */
import { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import type { Bucket } from './bucket.ts';

/** S3's limit for one DeleteObjects. */
const DELETED_AT_ONCE = 1000;

/**
 * @param onProgress called after each batch
 * @returns how many objects were deleted
 */
export async function deletePrefix(bucket: Bucket, prefix: string, onProgress: () => void): Promise<number> {
  let batch: { Key: string }[] = [];
  let deleted = 0;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const Delete = { Objects: batch, Quiet: true };
    const answer = await bucket.call('DeleteObjects', prefix, (s3, options) =>
      s3.send(new DeleteObjectsCommand({ Bucket: bucket.name, Delete }), options),
    );
    const refused = answer.Errors?.[0];
    if (refused !== undefined) {
      const code = refused.Code ?? 'no code';
      throw bucket.failure(
        code === 'AccessDenied' ? 'AccessDenied' : 'ServiceUnavailable',
        `DeleteObjects ${refused.Key ?? prefix}: ${code}`,
      );
    }
    deleted += batch.length;
    batch = [];
    onProgress();
  };
  for await (const { key } of bucket.list(prefix)) {
    batch.push({ Key: key });
    if (batch.length === DELETED_AT_ONCE) await flush();
  }
  await flush();
  return deleted;
}
