/** Plans for the scripts over local files, and the manifests by which a later run knows what days already have. */
import { createHash } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { PlaysManifest } from '../pipeline/manifests.ts';
import type { KpiPlan, PlannedReference, ValidationPlan } from '../pipeline/plans.ts';
import { referenceDocument } from '../pipeline/reference.ts';
import type { ReferenceFile } from '../pipeline/reference.ts';
import { DEFAULT_RUN_SETTINGS } from '../pipeline/run-context.ts';
import type { ValidationReport } from '../pipeline/reports.ts';

/** Where the generated files of a data set are. */
export interface ReferenceFiles {
  readonly songs: string;
  readonly users: string;
}

/** Later than any generated play but those that are meant to be in the future. */
const NOW = '2026-01-01T00:00:00Z';

const REFERENCE_VERSION = 'bench';

/** Writes down where the files are, as the worker does for each version. */
async function reference(base: string, { songs, users }: ReferenceFiles): Promise<PlannedReference> {
  const file = (uri: string): ReferenceFile => ({
    key: uri,
    uri,
    ...{ rows: 0, unusable: 0, reasons: {}, firstBad: [] },
  });
  const document = referenceDocument(REFERENCE_VERSION, { songs: [file(songs)], users: [file(users)] });
  const uri = join(base, 'reference.json');
  await mkdir(base, { recursive: true });
  await writeFile(uri, JSON.stringify(document));
  return { version: REFERENCE_VERSION, uri };
}

/** @param base the folder that stands for the bucket */
export async function validationPlan(
  base: string,
  run: string,
  files: readonly string[],
  data: ReferenceFiles,
): Promise<ValidationPlan> {
  return {
    version: 1,
    run,
    now: NOW,
    files: await Promise.all(
      files.map(async (path) => {
        const { size } = await stat(path);
        // The content's digest is the worker's affair; here any id of the right form will do.
        const id = createHash('sha256').update(path).digest('hex').slice(0, 32);
        return { id, key: basename(path), uri: path, size };
      }),
    ),
    reference: await reference(base, data),
    playsPrefix: `${base}/plays/`,
    errorsPrefix: `${base}/errors/run=${run}/`,
    reviewPrefix: `${base}/review/run=${run}/`,
    manifestsPrefix: `${base}/manifests/`,
    retiring: [],
    scratchPrefix: `${base}/scratch/run=${run}/`,
    maxUnpackedBytes: DEFAULT_RUN_SETTINGS.maxUnpackedBytes,
  };
}

/** The plan for the days that the newest report touches, with all parts that the reports brought to them. */
export async function kpiPlan(
  base: string,
  reports: readonly [ValidationReport, ...ValidationReport[]],
  data: ReferenceFiles,
): Promise<KpiPlan> {
  const newest = reports.at(-1) ?? reports[0];
  return {
    version: 1,
    run: newest.run,
    days: newest.parts.map(({ day }) => {
      const parts = reports.flatMap((report) => report.parts.filter((part) => part.day === day));
      return {
        day,
        edition: parts.length,
        parts: parts.map(({ files, rows, distinctPlays }) => ({
          files: files.map(({ key }) => key),
          rows,
          distinctPlays,
        })),
        sources: parts.flatMap(({ sources }) => sources.map(({ id }) => id)),
        retired: [],
      };
    }),
    reference: await reference(base, data),
    itemsPrefix: `${base}/kpis/`,
    scratchPrefix: `${base}/scratch/run=${newest.run}/`,
  };
}

/** Publishes what a validation found, the first edition of each of its days. */
export async function publish(base: string, report: ValidationReport): Promise<void> {
  await mkdir(join(base, 'manifests'), { recursive: true });
  const { run, ruleVersion, scriptDigest, finishedAt } = report;
  for (const { day, sources, ...part } of report.parts) {
    const manifest: PlaysManifest = {
      version: 1,
      kind: 'plays',
      day,
      edition: 1,
      publishedAt: finishedAt,
      run,
      referenceVersion: REFERENCE_VERSION,
      ruleVersion,
      scriptDigest,
      sources: sources.map(({ id, rows }) => ({ id, key: id, run, rows })),
      retired: [],
      parts: [{ run, ...part, sources: sources.map(({ id }) => id) }],
    };
    await writeFile(join(base, 'manifests', `${day}.json`), JSON.stringify(manifest));
  }
}
