/**
 * Publishing plays: folds what a run brings into the manifest of each day. Repeating it changes nothing, because a
 * manifest knows the run's part; a run that loses a race folds into the winner's manifest.
 */
import { heartbeat } from '@temporalio/activity';
import type { S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import type { Reference } from '../../pipeline/documents.ts';
import { fileRecordSchema, keyRecordSchema, preparedInputsSchema } from '../../pipeline/inputs.ts';
import type { FileRecord, KeyRecord, PreparedFile, PreparedInputs } from '../../pipeline/inputs.ts';
import { layout, PREFIXES, s3Uri } from '../../pipeline/layout.ts';
import { foldPlays, playsManifestSchema } from '../../pipeline/manifests.ts';
import type { PlaysContribution, PlaysManifest } from '../../pipeline/manifests.ts';
import type { KpiPlan } from '../../pipeline/plans.ts';
import { validationReportSchema } from '../../pipeline/reports.ts';
import type { ValidationReport } from '../../pipeline/reports.ts';
import { keyRecordOf } from './claims.ts';
import { changeDocument } from './documents.ts';
import { Bucket } from './objects.ts';
import { requireReport } from './reports.ts';

/** Days or records written at once. */
const PARALLEL = 8;

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
      const brought = whatItBrings(inputs, report);
      const limit = pLimit(PARALLEL);

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
      await Promise.all(brought.files.map((file) => limit(() => recordPublished(bucket, file, report))));
      await Promise.all(brought.retire.map((retired) => limit(() => recordRetired(bucket, retired))));

      const changed = manifests.filter((manifest) => manifest !== undefined);
      changed.sort((a, b) => a.day.localeCompare(b.day));
      await bucket.writeJson(
        layout.runRecord(run, 'kpi_computation-plan'),
        kpiPlan(bucket.name, run, given.reference, changed),
      );
      return { days: changed.map(({ day, edition }) => ({ day, edition })) };
    },
  };
}

interface Brought {
  readonly files: readonly PreparedFile[];
  readonly retire: PreparedInputs['retire'];
}

/** A correction that was rejected whole replaces nothing: what its key brought before goes on counting. */
function whatItBrings(inputs: PreparedInputs | undefined, report: ValidationReport | undefined): Brought {
  const rejected = new Set(report?.files.filter(({ status }) => status === 'rejected').map(({ id }) => id));
  return {
    files: inputs?.files ?? [],
    retire: inputs?.retire.filter(({ by }) => !rejected.has(by)) ?? [],
  };
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
  { files, retire }: Brought,
  report: ValidationReport | undefined,
): PlaysContribution {
  const keys = new Map(files.map(({ id, key }) => [id, key]));
  const part = report?.parts.find((candidate) => candidate.day === day);
  return {
    day,
    run,
    publishedAt: given.now,
    referenceVersion: given.reference.version,
    ruleVersion: report?.ruleVersion ?? '',
    scriptDigest: report?.scriptDigest ?? given.scriptDigest,
    part: part === undefined ? undefined : { ...part, run, sources: part.sources.map(({ id }) => id) },
    sources: part?.sources.map(({ id, rows }) => ({ id, rows, key: keys.get(id) ?? '' })) ?? [],
    retire: retire.flatMap(({ id, by, days }) =>
      days.includes(day) ? [retirement(id, by, keys.get(by))] : [],
    ),
  };
}

function retirement(id: string, by: string, key: string | undefined): PlaysContribution['retire'][number] {
  return key === undefined ? { id, by } : { id, by, key };
}

/** @returns `undefined` when the day was never published and gets nothing now */
async function publishDay(bucket: Bucket, added: PlaysContribution): Promise<PlaysManifest | undefined> {
  return await changeDocument<PlaysManifest, PlaysManifest | undefined>(
    bucket,
    layout.manifest('plays', added.day),
    playsManifestSchema,
    (current) => {
      if (current === undefined && added.part === undefined) return undefined;
      const ruleVersion = added.ruleVersion === '' ? (current?.ruleVersion ?? '') : added.ruleVersion;
      return foldPlays(current, { ...added, ruleVersion });
    },
  );
}

async function recordPublished(
  bucket: Bucket,
  file: PreparedFile,
  report: ValidationReport | undefined,
): Promise<void> {
  const judged = report?.files.find(({ id }) => id === file.id);
  if (file.verdict !== 'redelivery') {
    const days = Object.keys(judged?.days ?? {}).sort();
    await changeDocument<FileRecord, FileRecord | undefined>(
      bucket,
      layout.file(file.id),
      fileRecordSchema,
      (current) => {
        if (current === undefined || current.state !== 'claimed') return current;
        const { replacedBy, ...kept } = current;
        return { ...kept, state: 'published', days: [...new Set([...current.days, ...days])].sort() };
      },
    );
  }
  await changeDocument<KeyRecord, KeyRecord | undefined>(
    bucket,
    keyRecordOf(file.key),
    keyRecordSchema,
    (current) => {
      if (current?.pending === undefined) return current;
      const { pending, fileId: previous, ...kept } = current;
      // A redelivery brings nothing of its own, so the key stands for nothing that could be replaced.
      const fileId =
        file.verdict === 'redelivery' ? undefined : judged?.status === 'rejected' ? previous : file.id;
      return fileId === undefined ? kept : { ...kept, fileId };
    },
  );
}

async function recordRetired(bucket: Bucket, { id, by }: PreparedInputs['retire'][number]): Promise<void> {
  // A file whose plays were made again goes on counting.
  if (id === by) return;
  await changeDocument<FileRecord, FileRecord | undefined>(
    bucket,
    layout.file(id),
    fileRecordSchema,
    (current) =>
      current === undefined || current.replacedBy === by ? current : { ...current, replacedBy: by },
  );
}

function kpiPlan(
  bucket: string,
  run: string,
  reference: Reference,
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
