/**
 * Holding objects against their records: by the checksum that S3 has of an object where it has one over the whole of
 * it, else by reading it. Reads only.
 */
import { heartbeat } from '@temporalio/activity';
import type { GoodCopy, Problem } from '../../pipeline/recovery/evidence.ts';
import type { Bucket, ObjectHead } from '../../systems/s3/bucket.ts';
import { versionsOf } from '../../systems/s3/versions.ts';

/** What a record says of an object. */
export interface Expected {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
}

export class Inspection {
  readonly bucket: Bucket;
  readonly #deep: boolean;
  objects = 0;
  bytes = 0;

  /** @param deep read every object, whatever checksum S3 has of it */
  constructor(bucket: Bucket, deep: boolean) {
    this.bucket = bucket;
    this.#deep = deep;
  }

  /** What is wrong with an object, if anything. */
  async problemOf(expected: Expected): Promise<Problem | undefined> {
    this.objects += 1;
    heartbeat({ looking: expected.key });
    const head = await this.bucket.head(expected.key);
    if (head === undefined) return 'missing';
    if (head.size !== expected.size) return 'wrong size';
    return (await this.#hasDigest(expected, head)) ? undefined : 'wrong digest';
  }

  /** A version with the right bytes, looked for under each key in turn, the newest first. */
  async goodCopy(
    { size, sha256 }: Omit<Expected, 'key'>,
    keys: readonly string[],
  ): Promise<GoodCopy | undefined> {
    for (const key of new Set(keys)) {
      for (const version of await versionsOf(this.bucket, key)) {
        if (version.size !== size) continue;
        const { versionId } = version;
        const head = await this.bucket.head(key, versionId);
        if (head !== undefined && (await this.#hasDigest({ key, size, sha256 }, head, versionId)))
          return { key, versionId };
      }
    }
    return undefined;
  }

  async #hasDigest({ key, size, sha256 }: Expected, head: ObjectHead, versionId?: string): Promise<boolean> {
    const stored = this.#deep ? undefined : head.sha256;
    if (stored !== undefined) return stored === sha256;
    const read = await this.bucket.digest(key, {
      ...(versionId === undefined ? {} : { versionId }),
      onProgress: (bytes) => {
        heartbeat({ reading: key, bytes });
      },
    });
    this.bytes += size;
    return read?.sha256 === sha256;
  }
}
