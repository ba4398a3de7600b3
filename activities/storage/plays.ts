/**
 * Publishing plays: folds what a run brings into the manifest of each day. Repeating it changes nothing, because a
 * manifest knows the run's part; a run that loses a race folds into the winner's manifest.
 */
import { heartbeat } from '@temporalio/activity';
import type { S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import { fileRecordSchema, keyRecordSchema, preparedInputsSchema } from '../../pipeline/inputs.ts';
import type { FileRecord, PreparedFile, PreparedInputs } from '../../pipeline/inputs.ts';
import { layout, PREFIXES, s3Uri } from '../../pipeline/layout.ts';
import { foldPlays, namesakes, playsManifestSchema } from '../../pipeline/manifests.ts';
import type { PlaysContribution, PlaysManifest } from '../../pipeline/manifests.ts';
import type { KpiPlan } from '../../pipeline/plans.ts';
import { validationReportSchema } from '../../pipeline/reports.ts';
import type { ValidationReport } from '../../pipeline/reports.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { failure } from '../aws/call.ts';
import { keyRecordOf } from './claims.ts';
import { changeDocument } from './documents.ts';
import { Bucket } from './objects.ts';
import { plannedReference } from './reference.ts';
import { requireReport } from './reports.ts';
import { changeFile, holdsKey, join, keysNow, leave, settleKey } from './standing.ts';

type Given = Parameters<PipelineActivities['publishPlays']>[1];

export function createPlaysActivities(s3: S3Client): Pick<PipelineActivities, 'publishPlays'> {
  return {
    async publishPlays({ owner, settings }, given) {
      const bucket = new Bucket(s3, settings.bucket);
      const { run } = owner;
      const report =
        given.report === undefined
          ? undefined
          : await requireReport(bucket, given.report, validationReportSchema, run);
      const inputs = (await bucket.readJson(layout.runRecord(run, 'inputs'), preparedInputsSchema))?.value;
      const brought = await whatItBrings(bucket, run, inputs, report);
      const limit = pLimit(S3_AT_ONCE);

      const manifests = await Promise.all(
        daysOf(brought, report, given).map((day) =>
          limit(async () => {
            const contribution = contributionTo(day, run, given, brought, report);
            const manifest = await publishDay(bucket, contribution);
            heartbeat({ published: day });
            return manifest;
          }),
        ),
      );
      await Promise.all(
        brought.files.map((file) => limit(() => recordPublished(bucket, run, file, brought))),
      );

      const changed = manifests.filter((manifest) => manifest !== undefined);
      changed.sort((a, b) => a.day.localeCompare(b.day));
      await bucket.writeJson(
        layout.runRecord(run, 'kpi_computation-plan'),
        kpiPlan(bucket.name, run, plannedReference(bucket, given.reference), changed),
      );
      return { days: changed.map(({ day, edition }) => ({ day, edition })) };
    },
  };
}

interface Brought {
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
async function whatItBrings(
  bucket: Bucket,
  run: string,
  inputs: PreparedInputs | undefined,
  report: ValidationReport | undefined,
): Promise<Brought> {
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
  for (const file of files) if (!rejected.has(file.id)) await join(bucket, run, file);
  const left: PreparedInputs['retire'] = [];
  for (const entry of retire) if (await leave(bucket, entry)) left.push(entry);
  return { files, keys, rejected, retire: left };
}

/**
 * A run that has ended had begun to put one content of a key in the place of another, and what came after it was rejected
 * whole: of neither is everything published, and nothing is there to take its place.
 * @throws `CorrectionHalfPublished`
 */
async function requireWhole(
  bucket: Bucket,
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
      `${key}: a run that has ended had replaced content ${String(before)} by ${id} on some days only, and what came under this key now was rejected whole`,
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

function daysOf({ retire }: Brought, report: ValidationReport | undefined, given: Given): string[] {
  const days = [
    ...(report?.parts.map(({ day }) => day) ?? []),
    ...retire.flatMap((retired) => retired.days),
    ...(given.recompute ?? []),
  ];
  return [...new Set(days)].sort();
}

function contributionTo(
  day: string,
  run: string,
  given: Given,
  { keys, rejected, retire }: Brought,
  report: ValidationReport | undefined,
): PlaysContribution {
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
async function publishDay(bucket: Bucket, added: PlaysContribution): Promise<PlaysManifest | undefined> {
  const key = layout.manifest('plays', added.day);
  const before = (await bucket.readJson(key, playsManifestSchema))?.value;
  if (before === undefined && added.part !== undefined) await requireUnpublished(bucket, added.day);
  const moved = await keysNow(bucket, before === undefined ? [] : namesakes(before, added));
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
async function requireUnpublished(bucket: Bucket, day: string): Promise<void> {
  const kpis = layout.manifest('kpis', day);
  if ((await bucket.head(kpis)) === undefined) return;
  const lost = layout.manifest('plays', day);
  throw failure('ManifestLost', `${day} is published (${kpis}), but its manifest of plays, ${lost}, is gone`);
}

async function recordPublished(
  bucket: Bucket,
  run: string,
  file: PreparedFile,
  { rejected }: Brought,
): Promise<void> {
  // A key that brings known content is settled once the KPIs of the days that it changes are there, when it is archived.
  if (file.verdict === 'redelivery') return;
  const isRejected = rejected.has(file.id);
  await changeFile(bucket, file.id, (current) => {
    if (current.state !== 'claimed' || current.owner.run !== run) return current;
    return { ...current, state: 'published', ...(isRejected ? { rejected: true } : {}) };
  });
  await settleKey(bucket, run, file);
}

function kpiPlan(
  bucket: string,
  run: string,
  reference: KpiPlan['reference'],
  manifests: readonly PlaysManifest[],
): KpiPlan {
  return {
    version: 1,
    run,
    days: manifests.map(({ day, edition, parts, sources, retired }) => ({
      day,
      edition,
      parts: parts.map(({ files, rows, distinctPlays }) => ({
        files: files.map(({ key }) => s3Uri(bucket, key)),
        rows,
        distinctPlays,
      })),
      sources: sources.map(({ id }) => id),
      retired: retired.map(({ id }) => id),
    })),
    reference,
    itemsPrefix: s3Uri(bucket, PREFIXES.kpis),
    scratchPrefix: s3Uri(bucket, layout.scratch(run)),
  };
}
