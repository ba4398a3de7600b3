/**
 * Published days against their manifests: validated plays, KPI files, items in the table. Runs go on meanwhile, and what
 * they change is no damage: a finding stands when the day's manifests, and which runs are open, are the same after it.
 * Reads only.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KpisManifest, PlaysManifest } from '../../pipeline/manifests.ts';
import { tableDiffers } from '../../pipeline/recovery/evidence.ts';
import type { Damage, DayEvidence, TableDifference } from '../../pipeline/recovery/evidence.ts';
import { isFailureOf } from '../call.ts';
import { readItems } from '../storage/items.ts';
import type { KpiTable } from './kpi-table.ts';
import type { DayManifests, Documents } from './documents.ts';
import type { Expected, Inspection } from './inspection.ts';

const DAY_MS = 86_400_000;

export interface ExaminedDay {
  readonly evidence: DayEvidence;
  readonly damages: readonly Damage[];
  /** What was not looked at, or is not known, and why. */
  readonly left: readonly string[];
}

export interface DaysGiven {
  readonly inspection: Inspection;
  readonly documents: Documents;
  readonly table: KpiTable;
  /** Ids in the bucket of the runs that are at work: what they change now is no damage. */
  readonly openRuns: () => Promise<ReadonlySet<string>>;
  readonly now: string;
  readonly retentionDays: number;
}

interface Looking {
  readonly damages: readonly Damage[];
  readonly openRuns: ReadonlySet<string>;
  readonly left: string[];
}

export class Days {
  readonly #given: DaysGiven;
  /** Items that were compared with the table. */
  items = 0;
  #openRuns: Promise<ReadonlySet<string>> | undefined;

  constructor(given: DaysGiven) {
    this.#given = given;
  }

  async examine(day: string): Promise<ExaminedDay> {
    const manifests = await this.#given.documents.ofDay(day);
    this.#openRuns ??= this.#given.openRuns();
    const openRuns = await this.#openRuns;
    const found = await this.#examine(day, manifests, openRuns);
    const { behind, table } = found.evidence;
    if (found.damages.length === 0 && !behind && !tableDiffers(table)) return found;
    this.#openRuns = this.#given.openRuns();
    const isOpen = await this.#openRuns;
    const { plays, kpis } = manifests;
    const runs = [plays?.run, kpis?.run].filter((run) => run !== undefined);
    const stands =
      runs.every((run) => isOpen.has(run) === openRuns.has(run)) &&
      isDeepStrictEqual(await this.#given.documents.ofDay(day), manifests);
    return stands ? found : await this.examine(day);
  }

  async #examine(day: string, manifests: DayManifests, openRuns: ReadonlySet<string>): Promise<ExaminedDay> {
    const { plays, kpis, uncounted } = manifests;
    const left: string[] = [];
    const found = [
      ...(await this.#damagesOf('validated', day, plays?.parts.flatMap(({ files }) => files) ?? [])),
      ...(await this.#damagesOf('kpi', day, kpis?.files ?? [])),
    ];
    const hasExpired = this.#hasExpired(plays, kpis);
    const damages = found.filter(({ problem }) => !hasExpired || problem !== 'missing');
    const table = await this.#tableOf(day, manifests, { damages, openRuns, left });
    const older = plays !== undefined && plays.edition > (kpis?.edition ?? 0);
    const behind = older && !openRuns.has(plays.run);
    if (older && !behind)
      left.push(`KPIs of ${day}: older than the plays, of which run ${plays.run} is open`);
    const toCount = uncounted.length === 0 ? {} : { uncounted: [...uncounted] };
    return {
      evidence: { day, plays: playsOf(plays), kpis: kpisOf(kpis), ...toCount, behind, table },
      damages,
      left,
    };
  }

  /** Plays, KPI files and items of a day are kept for a time after its publication; then it is right that they go. */
  #hasExpired(...manifests: readonly ({ readonly publishedAt: string } | undefined)[]): boolean {
    const { now, retentionDays } = this.#given;
    const expired = ({ publishedAt }: { readonly publishedAt: string }): boolean =>
      Date.parse(publishedAt) + retentionDays * DAY_MS < Date.parse(now);
    return manifests.filter((manifest) => manifest !== undefined).every(expired);
  }

  async #damagesOf(layer: 'validated' | 'kpi', day: string, files: readonly Expected[]): Promise<Damage[]> {
    const damages: Damage[] = [];
    for (const { key, size, sha256 } of files) {
      const problem = await this.#given.inspection.problemOf({ key, size, sha256 });
      if (problem === undefined) continue;
      const backup = await this.#given.inspection.goodCopy({ size, sha256 }, [key]);
      damages.push({ layer, problem, key, size, sha256, day, ...(backup === undefined ? {} : { backup }) });
    }
    return damages;
  }

  /** @returns `null` where nothing can be said: a run is loading the day, or its files can't be read as items */
  async #tableOf(
    day: string,
    { plays, kpis }: DayManifests,
    { damages, openRuns, left }: Looking,
  ): Promise<TableDifference | null> {
    const { table } = this.#given;
    if (kpis !== undefined) {
      if (!openRuns.has(kpis.run)) return await this.#compare(kpis, damages);
      left.push(
        `items of ${day} in the table: not compared while run ${kpis.run}, which published them, is open`,
      );
      return null;
    }
    if (plays !== undefined) return null;
    const difference = await table.compare(day, []);
    if (!tableDiffers(difference)) left.push(`${day}: nothing is known of it; no run has published it`);
    return difference;
  }

  /** A damaged file is read as the version that it is restored from. */
  async #compare(kpis: KpisManifest, damages: readonly Damage[]): Promise<TableDifference | null> {
    const { inspection, table } = this.#given;
    const backups = new Map(damages.map(({ key, backup }) => [key, backup?.versionId]));
    const files = kpis.files.map((file) => ({ ...file, versionId: backups.get(file.key) }));
    try {
      const published = await readItems(inspection.bucket, { ...kpis, files });
      this.items += published.length;
      const difference = await table.compare(kpis.day, published);
      return this.#hasExpired(kpis) ? { ...difference, missing: 0 } : difference;
    } catch (error) {
      if (isFailureOf(error, 'OutputChanged') || isFailureOf(error, 'ReportInvalid')) return null;
      throw error;
    }
  }
}

function playsOf(manifest: PlaysManifest | undefined): DayEvidence['plays'] {
  if (manifest === undefined) return null;
  const { edition, sources, parts } = manifest;
  return {
    edition,
    sources: sources.map(({ id, key, rows }) => ({ id, key, rows })),
    parts: parts.map(({ run, files, sources: ids, rows }) => ({
      run,
      files: files.map(({ key }) => key),
      sources: ids,
      rows,
    })),
  };
}

function kpisOf(manifest: KpisManifest | undefined): DayEvidence['kpis'] {
  if (manifest === undefined) return null;
  const { edition, plays, items, digest, referenceVersion, files } = manifest;
  return { edition, plays, items, digest, referenceVersion, files: files.map(({ key }) => key) };
}
