/** Claims: which records name a run as the owner of a file, and freeing them. */
import { heartbeat } from '@temporalio/activity';
import pLimit from 'p-limit';
import { fileRecordSchema, keyRecordSchema, release } from '../../pipeline/inputs.ts';
import type { FileRecord, KeyRecord } from '../../pipeline/inputs.ts';
import { PREFIXES } from '../../pipeline/layout.ts';
import type { Claim } from '../../pipeline/reset/plan.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { changeDocument } from '../storage/documents.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';

export async function findClaims(bucket: Bucket): Promise<Claim[]> {
  const files = await readAll(bucket, PREFIXES.files, async (record): Promise<Claim | undefined> => {
    const found = (await bucket.readJson(record, fileRecordSchema))?.value;
    if (found?.state !== 'claimed') return undefined;
    return { kind: 'file', record, key: found.key, run: found.owner.run };
  });
  const keys = await readAll(bucket, PREFIXES.keys, async (record): Promise<Claim | undefined> => {
    const found = (await bucket.readJson(record, keyRecordSchema))?.value;
    if (found?.pending === undefined) return undefined;
    return { kind: 'key', record, key: found.key, run: found.pending.run };
  });
  return [...files, ...keys];
}

/** Repeating it changes nothing. */
export async function freeClaim(bucket: Bucket, { kind, record }: Claim): Promise<void> {
  if (kind === 'file') {
    await changeDocument<FileRecord, FileRecord | undefined>(bucket, record, fileRecordSchema, (current) =>
      current === undefined ? current : release(current),
    );
  } else {
    await changeDocument<KeyRecord, KeyRecord | undefined>(bucket, record, keyRecordSchema, (current) => {
      if (current?.pending === undefined) return current;
      const { pending, ...kept } = current;
      return kept;
    });
  }
  heartbeat({ freed: record });
}

async function readAll<T>(
  bucket: Bucket,
  prefix: string,
  read: (key: string) => Promise<T | undefined>,
): Promise<T[]> {
  const keys: string[] = [];
  for await (const { key } of bucket.list(prefix)) if (!key.endsWith('/')) keys.push(key);
  const found = await pLimit(S3_AT_ONCE).map(keys, read);
  return found.filter((each) => each !== undefined);
}
