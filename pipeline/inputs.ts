/**
 * Input files: how a delivered object is recognised, claimed by a run, and what delivering it means.
 *
 * Two records carry this. The *file record* is named by content: it is the claim of the run that processes the content
 * and afterwards the memory that it was processed. The *key record* is named by the delivered key: it says which
 * content the key stands for, so that a key delivered again with other content is known to be a correction. A run owns
 * both before it touches the data; a key whose earlier version is still being processed waits for a next run, which
 * keeps corrections in the order of their delivery.
 */
import { z } from 'zod';
import { countSchema, daySchema, fileIdSchema, sha256Schema, timestampSchema } from './documents.ts';

/**
 * The run that owns a record. By workflow id and original run id, the Temporal run id with which its execution began,
 * Temporal can be asked whether it is open: a reset gives the execution another run id and keeps the original one, and
 * each execution of a cron chain has its own.
 */
export const ownerSchema = z.object({ run: z.string(), workflowId: z.string(), originalRunId: z.string() });
export type Owner = z.infer<typeof ownerSchema>;

export const fileRecordSchema = z.object({
  version: z.literal(1),
  id: fileIdSchema,
  sha256: sha256Schema,
  size: countSchema,
  /** The key that this content came under and whose correction will replace it. */
  key: z.string(),
  /** Keys that a correction made stand for it, too: it counts until each of them and `key` stand for something else. */
  alsoUnder: z.array(z.string()).optional(),
  /** The key under which the owner found it, where that is none of them. */
  claimedAs: z.string().optional(),
  owner: ownerSchema,
  /**
   * `claimed`: being processed. `published`: its accepted plays count (or it had none), the run is not done with it.
   * `done`: archived. `refused`: an operator rejected it; delivering it again is a new try. `due`: its plays are to be
   * made again; delivering it again replaces what it brought before.
   */
  state: z.enum(['claimed', 'published', 'done', 'refused', 'due']),
  claimedAt: timestampSchema,
  /** What it replaces: what its key stood for, itself when its plays are made again. */
  replaces: z.array(fileIdSchema).optional(),
  /** Set when a correction of its key made it count no longer. */
  replacedBy: fileIdSchema.optional(),
  /** Days in which it has accepted plays, written before the first of them is published. */
  days: z.array(daySchema).default([]),
  /** It was rejected whole and has brought nothing; delivering it again is a new try. */
  rejected: z.literal(true).optional(),
  archivedAs: z.string().optional(),
  /** The procedure that last asked for its plays to be made again; it asks once. */
  renewedFor: z.string().optional(),
});
export type FileRecord = z.infer<typeof fileRecordSchema>;

export const keyRecordSchema = z.object({
  version: z.literal(1),
  key: z.string(),
  /** The content that counts for this key; absent until its first version is published. */
  fileId: fileIdSchema.optional(),
  /** The run that is processing a version of this key. */
  pending: ownerSchema.optional(),
  /** The run that was done with it last. */
  settledBy: z.string().optional(),
  /** Contents that runs were to bring since it last came to stand for one: plays of those may count in part. */
  bringing: z.array(fileIdSchema).optional(),
});
export type KeyRecord = z.infer<typeof keyRecordSchema>;

/** What a delivered object means to the run that found it. */
export type InputVerdict =
  | { readonly kind: 'new' }
  | { readonly kind: 'correction'; readonly replaces: readonly string[] }
  /** The content is known: it brings nothing, though it may end what the key stood for before. */
  | { readonly kind: 'redelivery'; readonly replaces: readonly string[] }
  | { readonly kind: 'busy'; readonly owner: Owner };

interface Delivered {
  readonly key: string;
  readonly fileId: string;
  readonly self: Owner;
  readonly keyRecord?: KeyRecord | undefined;
  readonly fileRecord?: FileRecord | undefined;
  /** Runs that are known to have ended: what they left claimed may be taken over. */
  readonly closedRuns: ReadonlySet<string>;
}

export function judgeDelivery({
  key,
  fileId,
  self,
  keyRecord,
  fileRecord,
  closedRuns,
}: Delivered): InputVerdict {
  const isOther = (owner: Owner): boolean => owner.run !== self.run && !closedRuns.has(owner.run);
  if (keyRecord?.pending !== undefined && isOther(keyRecord.pending))
    return { kind: 'busy', owner: keyRecord.pending };

  const unfinished = fileRecord?.state === 'claimed' || fileRecord?.state === 'published';
  if (fileRecord !== undefined && unfinished && isOther(fileRecord.owner)) {
    return { kind: 'busy', owner: fileRecord.owner };
  }

  const before = keyRecord?.fileId === fileId ? undefined : keyRecord?.fileId;
  const previous = before === undefined ? [] : [before];
  // The same content twice in one batch: the key that was claimed first brings it.
  const isOwn = fileRecord?.owner.run === self.run && fileRecord.owner.originalRunId === self.originalRunId;
  const twice = unfinished && isOwn && foundAt(fileRecord) !== key;
  const known = (fileRecord?.state === 'done' && fileRecord.rejected !== true) || twice;
  // A run that has ended was about to replace what the key still stands for.
  const halfReplaced = fileRecord?.replacedBy !== undefined && keyRecord?.fileId === fileId;
  const superseded = fileRecord?.replacedBy !== undefined && !halfReplaced;
  if (known && !halfReplaced && (!superseded || before === undefined)) {
    return { kind: 'redelivery', replaces: previous };
  }

  const itself = halfReplaced || (fileRecord !== undefined && mayCount(fileRecord)) ? [fileId] : [];
  const asBefore = unfinished ? (fileRecord.replaces ?? []) : [];
  const replaces = [...new Set([...previous, ...asBefore, ...itself])];
  return replaces.length === 0 ? { kind: 'new' } : { kind: 'correction', replaces };
}

/**
 * Whether plays of the content may count although no run is done with it: a run that has ended had published them, or
 * was about to. What is accepted of it now takes their place, and its key goes on standing for it.
 */
export function mayCount({ state, days, replacedBy }: FileRecord): boolean {
  if (replacedBy !== undefined) return false;
  return state === 'due' || state === 'published' || (state === 'claimed' && days.length > 0);
}

/** The key under which the run that has a file claimed it. */
export function foundAt({ key, claimedAs = key }: FileRecord): string {
  return claimedAs;
}

/** The keys that stand for a content, or stood for it until a correction replaced it. */
export function keysOf({ key, alsoUnder = [] }: FileRecord): string[] {
  return [key, ...alsoUnder];
}

/** The record once a correction of a key has brought the content, which counts already. */
export function joinedBy(record: FileRecord, key: string): FileRecord {
  if (record.replacedBy !== undefined || keysOf(record).includes(key)) return record;
  return { ...record, alsoUnder: [...(record.alsoUnder ?? []), key] };
}

/** The record once a key stands for other content: replaced by it, unless another key still stands for this one. */
export function leftBy(record: FileRecord, key: string, by: string): FileRecord {
  const keys = keysOf(record);
  if (record.id === by || record.replacedBy === by || !keys.includes(key)) return record;
  const [first, ...others] = keys.filter((other) => other !== key);
  if (first === undefined || record.replacedBy !== undefined) return { ...record, replacedBy: by };
  return { ...record, key: first, alsoUnder: others };
}

/** What stands beside each archived copy. A content that was delivered several times has been archived several times. */
export const archiveRecordSchema = z.looseObject({
  version: z.literal(1),
  run: z.string(),
  archivedAt: timestampSchema,
  archivedAs: z.string(),
  id: fileIdSchema,
  key: z.string(),
  sha256: sha256Schema,
  size: countSchema,
});
export type ArchiveRecord = z.infer<typeof archiveRecordSchema>;

/**
 * The record of a file whose plays are to be made again. A file that a run has claimed for that purpose stays claimed:
 * whoever takes it over goes on with it.
 * @param procedure asks once: the record comes back as it is when it has asked before
 */
export function renew(record: FileRecord, procedure: string): FileRecord {
  if (record.renewedFor === procedure) return record;
  const underWay = record.state === 'claimed' && remakes(record);
  return { ...record, renewedFor: procedure, state: underWay ? record.state : 'due' };
}

/**
 * The record of a claimed file without its claim. What the record knows of the file is kept: plays that count go on
 * counting, and a file whose plays were to be made again is still to be delivered again.
 */
export function release(record: FileRecord): FileRecord {
  if (record.state !== 'claimed') return record;
  const state = remakes(record) ? 'due' : record.days.length > 0 ? 'published' : 'refused';
  return { ...record, state };
}

function remakes({ id, replaces = [] }: FileRecord): boolean {
  return replaces.includes(id);
}

/** An object under `streams/`, as listed. */
export const candidateSchema = z.object({
  key: z.string().min(1),
  size: countSchema,
  etag: z.string(),
  deliveredAt: timestampSchema,
});
export type Candidate = z.infer<typeof candidateSchema>;

export const candidatesSchema = z.object({
  version: z.literal(1),
  run: z.string(),
  files: z.array(candidateSchema),
  /** Files that wait for a next run because this one is full. */
  left: countSchema,
});

/** The oldest first, then by key: also the order in which files keep a play that several of them bring. */
export function byArrival(candidates: readonly Candidate[]): Candidate[] {
  return [...candidates].sort(
    (a, b) => a.deliveredAt.localeCompare(b.deliveredAt) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0),
  );
}

/**
 * The oldest files first, as many as one run takes; a single file over the byte limit is taken alone.
 * @param claimed keys that another run has: they come last, or the files of a run that waits would keep all others out
 */
export function takeBatch(
  candidates: readonly Candidate[],
  limits: { readonly files: number; readonly bytes: number },
  claimed: ReadonlySet<string> = new Set(),
): { taken: Candidate[]; left: number } {
  const inOrder = byArrival(candidates);
  const isClaimed = ({ key }: Candidate): boolean => claimed.has(key);
  const taken: Candidate[] = [];
  let bytes = 0;
  for (const candidate of [...inOrder.filter((each) => !isClaimed(each)), ...inOrder.filter(isClaimed)]) {
    if (taken.length >= limits.files) break;
    if (taken.length > 0 && bytes + candidate.size > limits.bytes) break;
    taken.push(candidate);
    bytes += candidate.size;
  }
  return { taken: byArrival(taken), left: candidates.length - taken.length };
}

const preparedFileSchema = z.object({
  order: countSchema,
  id: fileIdSchema,
  sha256: sha256Schema,
  key: z.string(),
  versionId: z.string(),
  etag: z.string(),
  size: countSchema,
  deliveredAt: timestampSchema,
  verdict: z.enum(['new', 'correction', 'redelivery']),
  /** Where scripts read it; absent for a redelivery, which needs no reading. */
  stagedKey: z.string().optional(),
});
export type PreparedFile = z.infer<typeof preparedFileSchema>;

/** The input manifest of a run: exactly which bytes it processes. */
export const preparedInputsSchema = z.object({
  version: z.literal(1),
  run: z.string(),
  preparedAt: timestampSchema,
  files: z.array(preparedFileSchema),
  /** Contents that a key leaves when this run publishes, what it brings instead, and the days that change. */
  retire: z.array(
    z.object({
      id: fileIdSchema,
      by: fileIdSchema,
      days: z.array(daySchema),
      key: z.string().optional(),
      /** A run that has ended was to bring it and may have begun to: it goes even if what comes instead is rejected. */
      begun: z.literal(true).optional(),
    }),
  ),
  /** Files left to a next run because another run is processing them or an earlier version of them. */
  deferred: z.array(z.object({ key: z.string(), processedBy: z.string() })),
});
export type PreparedInputs = z.infer<typeof preparedInputsSchema>;
