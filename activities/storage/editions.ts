/**
 * The editions that a run makes of days: what it brings and takes away is folded into the manifest of each day. Repeating
 * it changes nothing, because a manifest knows the run's part; a run that loses a race folds into the winner's manifest.
 */
import { heartbeat } from '@temporalio/activity';
import pLimit from 'p-limit';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import { fileRecordSchema, keyRecordSchema } from '../../pipeline/inputs.ts';
import type { FileRecord, PreparedFile, PreparedInputs } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { foldPlays, namesakes, playsManifestSchema } from '../../pipeline/manifests.ts';
import type { PlaysContribution, PlaysManifest } from '../../pipeline/manifests.ts';
import type { ValidationReport } from '../../pipeline/reports.ts';
import { failure } from '../call.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { keyRecordOf } from './claims.ts';
import { changeDocument } from './documents.ts';
import type { DocumentStore } from './documents.ts';
import { changeFile, holdsKey, addKeyToContent, movedKeys, removeKeyFromContent } from './standing.ts';

/** What a run has to publish. */
export interface Given extends Omit<Parameters<PipelineActivities['publishPlays']>[1], 'report'> {
  readonly inputs: PreparedInputs | undefined;
  readonly report: ValidationReport | undefined;
}

/**
 * Says in the records what the run brings, and changes the manifests.
 * @returns the days' manifests as they then stand, in the order of the days
 */
export async function makeEditions(
  bucket: DocumentStore,
  run: string,
  given: Given,
): Promise<{ readonly changes: RunChanges; readonly manifests: PlaysManifest[] }> {
  const changes = await announceChanges(bucket, run, given);
  const limit = pLimit(S3_AT_ONCE);
  const manifests = await limit.map(daysOf(changes, given), async (day) => {
    const manifest = await publishDay(bucket, contributionTo(day, run, given, changes));
    heartbeat({ published: day });
    return manifest;
  });
  return { changes, manifests: manifests.filter((manifest) => manifest !== undefined) };
}

export interface RunChanges {
  readonly files: readonly PreparedFile[];
  /** The key that each file that counts from now on counts under. */
  readonly keys: ReadonlyMap<string, string>;
  readonly rejected: ReadonlySet<string>;
  readonly retire: PreparedInputs['retire'];
}

/**
 * Says in the records what is about to change, so that a run which takes over knows it whatever becomes of this one. A
 * correction that was rejected whole replaces nothing: what its key brought before goes on counting. Neither does what a
 * later delivery has overtaken while the run was closed.
 */
async function announceChanges(
  bucket: DocumentStore,
  run: string,
  { inputs, report }: Given,
): Promise<RunChanges> {
  const judged = new Map(report?.files.map((file) => [file.id, file]));
  const rejected = new Set(
    [...judged.values()].filter(({ status }) => status === 'rejected').map(({ id }) => id),
  );
  const files = inputs?.files ?? [];
  const keys = new Map<string, string>();
  for (const { id, verdict } of files) {
    if (verdict === 'redelivery' || rejected.has(id)) continue;
    const days = Object.keys(judged.get(id)?.days ?? {});
    const record = await changeFile(bucket, id, (current) => announced(current, run, days));
    if (record?.owner.run === run && record.replacedBy === undefined) keys.set(id, record.key);
    heartbeat({ announced: id });
  }
  const retire: PreparedInputs['retire'] = [];
  for (const entry of inputs?.retire ?? []) {
    const { by, begun, key } = entry;
    if (begun !== true && (rejected.has(by) || !isBrought(by, files, keys))) continue;
    if (key === undefined || (await holdsKey(bucket, run, key, by))) retire.push(entry);
  }
  await requireWhole(bucket, retire, rejected);
  // First every key joins what it brings, then it leaves what it stood for before: names may have been exchanged.
  for (const file of files) if (!rejected.has(file.id)) await addKeyToContent(bucket, run, file);
  const left: PreparedInputs['retire'] = [];
  for (const entry of retire) if (await removeKeyFromContent(bucket, entry)) left.push(entry);
  return { files, keys, rejected, retire: left };
}

/**
 * A run that has ended had begun to put one content of a key in the place of another, and what came after it was rejected
 * whole: of neither is everything published, and nothing is there to take its place.
 * @throws `CorrectionHalfPublished`
 */
async function requireWhole(
  bucket: DocumentStore,
  retire: PreparedInputs['retire'],
  rejected: ReadonlySet<string>,
): Promise<void> {
  for (const { id, by, begun, key = '' } of retire) {
    if (begun !== true || !rejected.has(by)) continue;
    const before = (await bucket.readJson(keyRecordOf(key), keyRecordSchema))?.value.fileId;
    const replaced =
      before === undefined ? undefined : await bucket.readJson(layout.file(before), fileRecordSchema);
    if (replaced?.value.replacedBy !== id) continue;
    throw failure(
      'CorrectionHalfPublished',
      `${key}: a run that has ended had replaced content ${before} by ${id} on some days only, and what came under this key now was rejected whole`,
    );
  }
}

function announced(record: FileRecord, run: string, days: readonly string[]): FileRecord {
  if (record.owner.run !== run || days.every((day) => record.days.includes(day))) return record;
  return { ...record, days: [...new Set([...record.days, ...days])].sort() };
}

function isBrought(id: string, files: readonly PreparedFile[], keys: ReadonlyMap<string, string>): boolean {
  return keys.has(id) || !files.some((file) => file.id === id && file.verdict !== 'redelivery');
}

function daysOf({ retire }: RunChanges, { report, recompute = [] }: Given): string[] {
  const days = [
    ...(report?.parts.map(({ day }) => day) ?? []),
    ...retire.flatMap((retired) => retired.days),
    ...recompute,
  ];
  return [...new Set(days)].sort();
}

function contributionTo(
  day: string,
  run: string,
  given: Given,
  { keys, rejected, retire }: RunChanges,
): PlaysContribution {
  const { report } = given;
  const part = report?.parts.find((candidate) => candidate.day === day);
  return {
    day,
    run,
    publishedAt: given.now,
    referenceVersion: given.reference.version,
    ruleVersion: report?.ruleVersion ?? '',
    scriptDigest: report?.scriptDigest ?? given.scriptDigest,
    part:
      part === undefined
        ? undefined
        : { ...part, run, sources: part.sources.map(({ id }) => id).filter((id) => keys.has(id)) },
    sources: (part?.sources ?? []).flatMap(({ id, rows }) => {
      const key = keys.get(id);
      return key === undefined ? [] : [{ id, rows, key }];
    }),
    // A key stands for nothing new that was rejected whole.
    retire: retire.flatMap(({ id, by, days, key }) =>
      days.includes(day) ? [key === undefined || rejected.has(by) ? { id, by } : { id, by, key }] : [],
    ),
  };
}

/** @returns `undefined` when the day was never published and gets nothing now */
async function publishDay(
  bucket: DocumentStore,
  added: PlaysContribution,
): Promise<PlaysManifest | undefined> {
  const key = layout.manifest('plays', added.day);
  const before = (await bucket.readJson(key, playsManifestSchema))?.value;
  if (before === undefined && added.part !== undefined) await requireUnpublished(bucket, added.day);
  const moved = await movedKeys(bucket, before === undefined ? [] : namesakes(before, added));
  return await changeDocument<PlaysManifest, PlaysManifest | undefined>(
    bucket,
    key,
    playsManifestSchema,
    (current) => {
      if (current === undefined && added.part === undefined) return undefined;
      const ruleVersion = added.ruleVersion === '' ? (current?.ruleVersion ?? '') : added.ruleVersion;
      return foldPlays(current, { ...added, ruleVersion, moved });
    },
  );
}

/** A day whose manifest is lost must not begin anew with the plays of one file. @throws `ManifestLost` */
async function requireUnpublished(bucket: DocumentStore, day: string): Promise<void> {
  const kpis = layout.manifest('kpis', day);
  if ((await bucket.head(kpis)) === undefined) return;
  const lost = layout.manifest('plays', day);
  throw failure('ManifestLost', `${day} is published (${kpis}), but its manifest of plays, ${lost}, is gone`);
}
