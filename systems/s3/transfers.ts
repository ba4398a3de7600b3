/** Contents sent from a file, again where the connection broke meanwhile. */
import { createReadStream } from 'node:fs';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { s3Uri } from '../../pipeline/layout.ts';
import type { CallOptions } from '../aws/caller.ts';
import { base64Of, repeated } from './bucket.ts';
import type { Bucket } from './bucket.ts';

/** Milliseconds; smooth enough for a person to see that it goes on. */
const PROGRESS_INTERVAL_MS = 500;

export interface LocalFile {
  readonly path: string;
  readonly bytes: number;
  /** Of the file's bytes, in hex. */
  readonly sha256: string;
}

/**
 * Uploads a file in one request. S3 compares what arrives with the digest and refuses it when they differ.
 * @param onProgress told twice a second how many bytes have been read for sending
 * @returns the id of the version that it has become, where the bucket keeps versions
 */
export async function upload(
  bucket: Bucket,
  key: string,
  file: LocalFile,
  onProgress?: (bytes: number) => void,
): Promise<string | undefined> {
  const resource = `upload of ${file.path} to ${s3Uri(bucket.name, key)}`;
  const target = { Bucket: bucket.name, Key: key };
  const send = (s3: S3Client, options: CallOptions): Promise<string | undefined> =>
    repeated(() => put(s3, options, target, file, onProgress));
  return await bucket.call('PutObject', key, send, resource);
}

async function put(
  s3: S3Client,
  options: CallOptions,
  target: { readonly Bucket: string; readonly Key: string },
  { path, bytes, sha256 }: LocalFile,
  onProgress?: (bytes: number) => void,
): Promise<string | undefined> {
  const Body = createReadStream(path);
  const progress = setInterval(() => onProgress?.(Body.bytesRead), PROGRESS_INTERVAL_MS);
  try {
    const content = { Body, ContentLength: bytes, ChecksumSHA256: base64Of(sha256) };
    return (await s3.send(new PutObjectCommand({ ...target, ...content }), options)).VersionId;
  } finally {
    clearInterval(progress);
    Body.destroy();
  }
}
