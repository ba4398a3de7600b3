/** Versions of objects: what a key held before, and whether a bucket keeps them. Reads only. */
import { GetBucketVersioningCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { traitsOf } from '../aws/errors.ts';
import type { Bucket } from './bucket.ts';

export interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
  readonly size: number;
  readonly etag: string;
  readonly latest: boolean;
  readonly modifiedAt: Date;
  /** The key was deleted here; there is nothing to read. */
  readonly deleted: boolean;
}

/** All versions below a prefix; those of a key are together, the newest first, apart from marks of deletion. */
export async function* listVersions(bucket: Bucket, prefix: string): AsyncGenerator<ListedVersion> {
  let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  for (;;) {
    const request = { Bucket: bucket.name, Prefix: prefix, ...marker };
    const page = await bucket.call('ListObjectVersions', prefix, (s3, options) =>
      s3.send(new ListObjectVersionsCommand(request), options),
    );
    const found = [
      ...(page.Versions ?? []).map((version) => ({ ...version, deleted: false })),
      ...(page.DeleteMarkers ?? []).map((version) => ({ ...version, Size: 0, ETag: '', deleted: true })),
    ];
    for (const { Key, VersionId, Size, ETag, IsLatest, LastModified, deleted } of found) {
      if (Key === undefined) continue;
      yield {
        key: Key,
        versionId: VersionId ?? 'null',
        size: Size ?? 0,
        etag: ETag ?? '',
        latest: IsLatest ?? false,
        modifiedAt: LastModified ?? new Date(0),
        deleted,
      };
    }
    if (page.IsTruncated !== true) return;
    marker = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}

/** The versions of one key that can be read, the newest first. */
export async function versionsOf(bucket: Bucket, key: string): Promise<ListedVersion[]> {
  const found: ListedVersion[] = [];
  for await (const version of listVersions(bucket, key)) {
    if (version.key === key && !version.deleted) found.push(version);
  }
  return found.sort((a, b) => b.modifiedAt.getTime() - a.modifiedAt.getTime());
}

/**
 * Whether a bucket keeps versions: `Enabled`, `Suspended`, or `never enabled`.
 * @throws `BucketMissing`
 */
export async function versioningOf(bucket: Bucket): Promise<string> {
  const get = new GetBucketVersioningCommand({ Bucket: bucket.name });
  const { Status: status } = await bucket.call('GetBucketVersioning', '', async (s3, options) => {
    try {
      return await s3.send(get, options);
    } catch (error) {
      if (traitsOf(error).httpStatus !== 404) throw error;
      const what = `Bucket ${bucket.name} does not exist; it is never created by a run`;
      throw bucket.failure('BucketMissing', what, error);
    }
  });
  return status ?? 'never enabled';
}
