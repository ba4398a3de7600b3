/**
 * Copies within the bucket, on the server. A copy of a fixed version to a key of its own is idempotent: repeating it
 * writes the same bytes again.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { Bucket } from './bucket.ts';

/** Largest object that CopyObject takes (S3's limit). */
const SINGLE_COPY_BYTES = 5 * 1024 ** 3;

/** 10,000 parts are the limit, so this reaches 5 TB, and one part takes seconds. */
const PART_BYTES = 512 * 1024 ** 2;

export interface CopySource {
  readonly key: string;
  readonly versionId: string;
  readonly size: number;
}

export async function copyWithin(
  bucket: Bucket,
  source: CopySource,
  target: string,
  onProgress: () => void,
): Promise<void> {
  const path = source.key.split('/').map(encodeURIComponent).join('/');
  const CopySource = `${bucket.name}/${path}?versionId=${encodeURIComponent(source.versionId)}`;
  if (source.size <= SINGLE_COPY_BYTES) {
    // The checksum is stored with the copy, so that it can be verified without reading the copy.
    const copy = new CopyObjectCommand({
      Bucket: bucket.name,
      Key: target,
      CopySource,
      ChecksumAlgorithm: 'SHA256',
    });
    await bucket.call('CopyObject', source.key, (s3, options) => s3.send(copy, options));
    return;
  }
  await copyInParts(bucket, source, CopySource, target, onProgress);
}

async function copyInParts(
  bucket: Bucket,
  source: CopySource,
  CopySource: string,
  target: string,
  onProgress: () => void,
): Promise<void> {
  const of = { Bucket: bucket.name, Key: target };
  const { UploadId } = await bucket.call('CreateMultipartUpload', target, (s3, options) =>
    s3.send(new CreateMultipartUploadCommand(of), options),
  );
  if (UploadId === undefined)
    throw bucket.failure('UnexpectedError', `CreateMultipartUpload ${target} answered without an id`);
  try {
    const parts: { PartNumber: number; ETag: string }[] = [];
    for (let start = 0; start < source.size; start += PART_BYTES) {
      const PartNumber = parts.length + 1;
      const end = Math.min(start + PART_BYTES, source.size) - 1;
      const CopySourceRange = `bytes=${start}-${end}`;
      const copied = await bucket.call('UploadPartCopy', target, (s3, options) =>
        s3.send(
          new UploadPartCopyCommand({ ...of, UploadId, PartNumber, CopySource, CopySourceRange }),
          options,
        ),
      );
      parts.push({ PartNumber, ETag: copied.CopyPartResult?.ETag ?? '' });
      onProgress();
    }
    await bucket.call('CompleteMultipartUpload', target, (s3, options) =>
      s3.send(
        new CompleteMultipartUploadCommand({ ...of, UploadId, MultipartUpload: { Parts: parts } }),
        options,
      ),
    );
  } catch (error) {
    // Without the caller's options: what is cancelled is to be tidied up all the same.
    const abort = new AbortMultipartUploadCommand({ ...of, UploadId });
    await bucket.call('AbortMultipartUpload', target, (s3) => s3.send(abort)).catch(() => undefined);
    throw error;
  }
}
