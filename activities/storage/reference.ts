/**
 * Reference data as one run sees it. Whatever is under `reference/songs/` and `reference/users/` is one data set each;
 * its version is a digest over the objects' keys and tags. Each version is copied once to a place of its own, which is
 * what scripts read: reference data delivered during a run never mixes into it, and a day can be computed again with
 * the version that its manifest names.
 */
import { createHash } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Reference } from '../../pipeline/documents.ts';
import { layout, PREFIXES, s3Uri } from '../../pipeline/layout.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { failure } from '../aws/call.ts';
import { copyWithin } from './copy.ts';
import { Bucket } from './objects.ts';
import type { ListedObject } from './objects.ts';

/** Hex digits of a version: enough that two versions of one bucket never meet, short enough to read out. */
const VERSION_DIGITS = 16;

export function createReferenceActivities(s3: S3Client): {
  checkReferenceData(context: RunContext): Promise<Reference>;
} {
  return {
    async checkReferenceData({ settings }) {
      const bucket = new Bucket(s3, settings.bucket);
      const [songs, users] = await Promise.all([
        delivered(bucket, PREFIXES.songs, 'songs'),
        delivered(bucket, PREFIXES.users, 'users'),
      ]);
      const version = versionOf([...songs, ...users]);
      const pinned = {
        version,
        songs: await pin(bucket, version, 'songs', songs),
        users: await pin(bucket, version, 'users', users),
      };
      return pinned;
    },
  };
}

async function delivered(bucket: Bucket, prefix: string, what: string): Promise<ListedObject[]> {
  const found: ListedObject[] = [];
  for await (const object of bucket.list(prefix)) if (object.size > 0) found.push(object);
  if (found.length === 0) {
    throw failure(
      'ReferenceDataInvalid',
      `No ${what}: s3://${bucket.name}/${prefix} holds no object with content`,
    );
  }
  return found;
}

function versionOf(objects: readonly ListedObject[]): string {
  const hash = createHash('sha256');
  for (const { key, etag, size } of objects) hash.update(JSON.stringify([key, etag, size]));
  return hash.digest('hex').slice(0, VERSION_DIGITS);
}

/** @returns URIs of the version's copies, in the order of the delivered keys */
async function pin(
  bucket: Bucket,
  version: string,
  kind: 'songs' | 'users',
  objects: readonly ListedObject[],
): Promise<string[]> {
  return await Promise.all(
    objects.map(async ({ key, etag, size }, order) => {
      const target = layout.pinnedReference(version, kind, order, key.endsWith('.gz'));
      if ((await bucket.head(target))?.ContentLength !== size) {
        const current = await bucket.head(key);
        if (current?.ETag !== etag || current.ContentLength === undefined) {
          throw failure('ServiceUnavailable', `${key} was replaced while its version was being fixed`);
        }
        const source = { key, versionId: current.VersionId ?? 'null', size: current.ContentLength };
        await copyWithin(bucket, source, target, () => undefined);
      }
      return s3Uri(bucket.name, target);
    }),
  );
}
