/**
 * What keys stand for, changed when a run publishes. A key leaves what it stood for and stands for what it brings now;
 * content counts as long as a key stands for it. Each change can be repeated.
 */
import { fileRecordSchema, joinedBy, keyRecordSchema, keysOf, leftBy } from '../../pipeline/inputs.ts';
import type { FileRecord, KeyRecord, Owner, PreparedFile, PreparedInputs } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { keyRecordOf } from './claims.ts';
import { changeDocument } from './documents.ts';
import type { DocumentStore } from './documents.ts';

type Left = PreparedInputs['retire'][number];
type ClaimedKey = KeyRecord & { readonly pending: Owner };

export async function changeFile(
  bucket: DocumentStore,
  id: string,
  change: (record: FileRecord) => FileRecord,
): Promise<FileRecord | undefined> {
  return await changeDocument<FileRecord, FileRecord | undefined>(
    bucket,
    layout.file(id),
    fileRecordSchema,
    (current) => (current === undefined ? current : change(current)),
  );
}

/** Changes the record of a key that a run has claimed; any other stays as it is. */
export async function changeClaimedKey(
  bucket: DocumentStore,
  key: string,
  change: (record: ClaimedKey) => KeyRecord,
): Promise<KeyRecord | undefined> {
  return await changeDocument<KeyRecord, KeyRecord | undefined>(
    bucket,
    keyRecordOf(key),
    keyRecordSchema,
    (current) => (current !== undefined && isClaimed(current) ? change(current) : current),
  );
}

function isClaimed(record: KeyRecord): record is ClaimedKey {
  return record.pending !== undefined;
}

/** A key that stood for something else, and that the run has claimed, comes to stand for content that counts already. */
export async function addKeyToContent(
  bucket: DocumentStore,
  run: string,
  { id, key }: PreparedFile,
): Promise<void> {
  const claimed = (await bucket.readJson(keyRecordOf(key), keyRecordSchema))?.value;
  if (claimed?.pending?.run !== run || claimed.fileId === undefined || claimed.fileId === id) return;
  await changeFile(bucket, id, (record) => (record.rejected === true ? record : joinedBy(record, key)));
}

/** @returns whether no key stands for the content any more, so that it counts no longer */
export async function removeKeyFromContent(bucket: DocumentStore, { id, by, key }: Left): Promise<boolean> {
  if (id === by) return true;
  const record = await changeFile(bucket, id, (current) => leftBy(current, key ?? current.key, by));
  return record === undefined || record.replacedBy !== undefined;
}

/**
 * The run is done with a key that it had claimed: from now on it stands for the file, unless that was rejected or is
 * another key's.
 */
export async function finishKey(
  bucket: DocumentStore,
  run: string,
  { id, key }: PreparedFile,
): Promise<void> {
  const record = (await bucket.readJson(layout.file(id), fileRecordSchema))?.value;
  const stands = record !== undefined && keysOf(record).includes(key);
  await changeClaimedKey(bucket, key, (current) => {
    const { pending, bringing, fileId: previous, ...kept } = current;
    if (pending.run !== run) return current;
    const fileId = record?.rejected === true ? previous : stands ? id : undefined;
    return { ...kept, ...(fileId === undefined ? {} : { fileId }), settledBy: run };
  });
}

/** Whether the run still decides what a key stands for: no later run has taken the key over since it was closed. */
export async function holdsKey(
  bucket: DocumentStore,
  run: string,
  key: string,
  brings: string,
): Promise<boolean> {
  const record = (await bucket.readJson(keyRecordOf(key), keyRecordSchema))?.value;
  if (record?.pending !== undefined) return record.pending.run === run;
  return record?.settledBy === undefined ? record?.fileId === brings : record.settledBy === run;
}

/** The keys under which sources of a day count now, of those whose key is about to stand for something else. */
export async function movedKeys(
  bucket: DocumentStore,
  sources: readonly { readonly id: string; readonly key: string }[],
): Promise<Map<string, string>> {
  const moved = new Map<string, string>();
  for (const { id, key } of sources) {
    const record = (await bucket.readJson(layout.file(id), fileRecordSchema))?.value;
    if (record === undefined || record.replacedBy !== undefined || keysOf(record).includes(key)) continue;
    moved.set(id, record.key);
  }
  return moved;
}
