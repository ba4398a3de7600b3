/**
 * Delivering files to the pipeline. A file goes under `streams/` by its own name, byte for byte; delivered again under
 * the same name with other content, it is a correction and replaces what the name brought before.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { isHidden } from '../pipeline/delivered-keys.ts';
import { fileIdOf } from '../pipeline/documents.ts';
import { PREFIXES, s3Uri } from '../pipeline/layout.ts';
import type { Bucket } from '../systems/s3/bucket.ts';
import { upload } from '../systems/s3/transfers.ts';
import { ClientError, notFound, shapeOf } from './errors.ts';

export const deliverySchema = z.object({
  file: z.string(),
  key: z.string(),
  uri: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  /** The id by which the pipeline knows the content. */
  fileId: z.string(),
  versionId: z.string().optional(),
});
export type Delivery = z.infer<typeof deliverySchema>;

export type DeliveryKind = 'streams' | 'songs' | 'users';

/** S3's limit for an object put or copied in one request; the pipeline copies inputs when it archives them. */
const LARGEST_FILE_BYTES = 5 * 1024 ** 3;

/**
 * The key for a file: its name under the prefix of its kind.
 * @param key instead of the file's name, with or without the kind's prefix
 * @throws ClientError `WrongUse` when the key names a folder, or is one that no run takes
 */
export function deliveryKey(
  kind: DeliveryKind,
  path: string,
  options: { key?: string; prefix?: string } = {},
): string {
  const root = PREFIXES[kind];
  const folder = options.prefix === undefined ? '' : `${options.prefix.replace(/^\/+|\/+$/g, '')}/`;
  const name = options.key ?? `${folder}${basename(path)}`;
  const key = name.startsWith(root) ? name : `${root}${name.replace(/^\/+/, '')}`;
  if (key.endsWith('/')) {
    throw new ClientError('WrongUse', `${key} names a folder, not a file.`, {
      advice: `Give a key such as ${root}plays.csv.`,
    });
  }
  if (isHidden(key)) {
    throw new ClientError('WrongUse', `${key} has a name that no run takes.`, {
      advice:
        'Names that begin with _ or ., or end in _$folder$, are those of markers: give another with --key.',
    });
  }
  return key;
}

/** Uploads a file, verified by its SHA-256 on arrival. */
export async function deliver(
  bucket: Bucket,
  path: string,
  key: string,
  onProgress?: (share: number) => void,
): Promise<Delivery> {
  const bytes = await sizeOf(path);
  const sha256 = await sha256Of(path);
  const told =
    onProgress === undefined
      ? undefined
      : (sent: number): void => {
          onProgress(sent / Math.max(1, bytes));
        };
  const versionId = await upload(bucket, key, { path, bytes, sha256 }, told);
  const uri = s3Uri(bucket.name, key);
  return {
    file: path,
    key,
    uri,
    bytes,
    sha256,
    fileId: fileIdOf(sha256),
    ...(versionId === undefined ? {} : { versionId }),
  };
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch((error: unknown) => {
    throw notFound(`${path} can't be read: ${shapeOf(error).message}`, undefined, error);
  });
  if (!found.isFile())
    throw new ClientError('WrongUse', `${path} is not a file.`, {
      advice: 'Name each file, as in dir/*.csv.',
    });
  if (found.size > LARGEST_FILE_BYTES) {
    throw new ClientError('WrongUse', `${path} has ${found.size} bytes; a file may have 5 GiB.`, {
      advice: 'Split it: plays may be spread over any number of files.',
    });
  }
  return found.size;
}

async function sha256Of(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of createReadStream(path)) digest.update(chunk as Buffer);
  return digest.digest('hex');
}
