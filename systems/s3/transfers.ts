/** Contents sent from a file and fetched whole, again where the connection broke meanwhile. */
import { createReadStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { classifyAwsError } from '../../pipeline/failures.ts';
import { s3Uri } from '../../pipeline/layout.ts';
import type { CallOptions } from '../aws/caller.ts';
import { traitsOf } from '../aws/errors.ts';
import { base64Of } from './bucket.ts';
import type { Bucket } from './bucket.ts';

/**
 * How often a content is sent or fetched while its connection breaks. The SDK repeats what it asks, as often as this, but
 * neither what it has begun to read nor what it sends from a file.
 */
const TRANSFER_ATTEMPTS = 3;

/** Milliseconds; smooth enough for a person to see that it goes on. */
const PROGRESS_INTERVAL_MS = 500;

export interface LocalFile {
  readonly path: string;
  readonly bytes: number;
  /** Of the file's bytes, in hex. */
  readonly sha256: string;
}

/** @returns `undefined` when there is no such object */
export async function download(bucket: Bucket, key: string): Promise<Uint8Array | undefined> {
  return await bucket.call('GetObject', key, () =>
    repeated(async () => {
      const body = await bucket.read(key);
      return body === undefined ? undefined : await buffer(body);
    }),
  );
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

/** What the caller has an error of its own for, has been repeated by the SDK. */
async function repeated<T>(transfer: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transfer();
    } catch (error) {
      const type = classifyAwsError(traitsOf(error));
      const broke = type === 'ServiceUnavailable' || type === 'Throttled';
      if (!broke || attempt === TRANSFER_ATTEMPTS) throw error;
    }
  }
}
