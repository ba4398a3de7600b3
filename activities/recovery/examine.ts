/**
 * The look at the data before a recovery: all that the scope names, and what a repair of it would touch. A file whose
 * plays are made again changes every day that it has plays in, so those days are looked at as well. Reads only, apart
 * from the evidence that it writes; repeating it writes the same evidence of the same world.
 */
import pLimit from 'p-limit';
import type { FileRecord } from '../../pipeline/inputs.ts';
import { tableDiffers } from '../../pipeline/recovery/evidence.ts';
import type { Damage, DayEvidence, Evidence, SourceEvidence } from '../../pipeline/recovery/evidence.ts';
import { sourcesToRenew } from '../../pipeline/recovery/plan.ts';
import { keyRecordOf } from '../storage/claims.ts';
import type { ClosedRuns } from '../storage/claims.ts';
import { Days } from './days.ts';
import type { DaysGiven } from './days.ts';
import { InputFiles } from './files.ts';
import { ScopeReader } from './scope.ts';
import type { Selection } from './scope.ts';

/** Files and days looked at at once: each waits for a few calls at a time. */
const PARALLEL = 8;

export class Examination {
  readonly #given: DaysGiven;
  readonly #files: InputFiles;
  readonly #days: Days;
  readonly #scope: ScopeReader;
  readonly #limit = pLimit(PARALLEL);
  readonly #damages: Damage[] = [];
  readonly #left: string[] = [];
  readonly #evidence = new Map<string, DayEvidence>();
  /** Keys, days and ids that are left as they are. */
  #except: ReadonlySet<string> = new Set();

  constructor(given: DaysGiven, closedRuns: ClosedRuns) {
    this.#given = given;
    this.#files = new InputFiles(given.inspection, given.documents, closedRuns);
    this.#days = new Days(given);
    this.#scope = new ScopeReader(given.inspection.bucket, given.documents, given.table);
  }

  /** @param how `anew`: the plays of the selected days are to be made again although nothing is wrong with them */
  async of(procedure: string, selection: Selection, how?: 'anew'): Promise<Evidence> {
    this.#except = new Set(selection.except);
    const { days, files, archives } = await this.#scope.resolve(selection);
    const anew = how === 'anew' ? days : [];
    const known = new Set(files.map(({ archivedAs }) => archivedAs));
    const copies = archives.filter(({ archivedAs }) => !known.has(archivedAs));
    const named = selection.files !== undefined;
    const examined = await Promise.all([
      ...files.map((file) => this.#limit(() => this.#files.examine(file, named))),
      ...copies.map((copy) => this.#limit(() => this.#files.examineCopy(copy))),
    ]);
    this.#damages.push(...examined.flat().filter((damage) => damage !== undefined));
    await this.#examineDays(days);
    await this.#findUnrecorded(files);
    const sources = await this.#sources(new Set(anew));
    const { inspection, documents } = this.#given;
    const { objects, bytes } = inspection;
    const left = [...new Set([...this.#files.left, ...this.#left])].sort();
    return {
      version: 1,
      procedure,
      looked: { files: files.length, days: this.#evidence.size, objects, bytes, items: this.#days.items },
      damages: this.#damages.filter(({ key }) => !this.#except.has(key)).sort(byKey),
      documents: documents.damages.filter(({ key }) => !this.#except.has(key)).sort(byKey),
      days: this.#affected(sources),
      sources,
      remake: [...anew],
      ...(left.length === 0 ? {} : { left }),
    };
  }

  async #examineDays(days: readonly string[]): Promise<void> {
    const unknown = [...new Set(days)].filter((day) => !this.#evidence.has(day) && !this.#except.has(day));
    const examined = await Promise.all(unknown.map((day) => this.#limit(() => this.#days.examine(day))));
    for (const { evidence, damages, left } of examined) {
      this.#evidence.set(evidence.day, evidence);
      this.#damages.push(...damages);
      this.#left.push(...left);
    }
  }

  /** A file that counts for a day has a record; what has none is noted. */
  async #findUnrecorded(files: readonly FileRecord[]): Promise<void> {
    const known = new Set(files.map(({ id }) => id));
    const counting = [...this.#evidence.values()].flatMap(({ plays }) => plays?.sources ?? []);
    await this.#scope.records(counting.map(({ id }) => id).filter((id) => !known.has(id)));
  }

  /** The files whose plays have to be made again, and with each the days that this changes, until no more turn up. */
  async #sources(anew: ReadonlySet<string>): Promise<SourceEvidence[]> {
    const found = new Map<string, SourceEvidence>();
    for (;;) {
      const gone = new Set(this.#damages.flatMap(({ key, backup }) => (backup === undefined ? [key] : [])));
      const needed = sourcesToRenew([...this.#evidence.values()], gone, anew);
      const unknown = [...needed].filter((id) => !found.has(id));
      if (unknown.length === 0) return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      const records = new Map((await this.#scope.records(unknown)).map((record) => [record.id, record]));
      for (const id of unknown) {
        const record = records.get(id);
        // Without its record nobody knows its key; the plan names it as lost by its id.
        found.set(id, record === undefined ? unrecorded(id) : await this.#source(record));
      }
      await this.#examineDays([...found.values()].flatMap(({ days }) => days));
    }
  }

  async #source(record: FileRecord): Promise<SourceEvidence> {
    const { id, key, size, sha256, days } = record;
    const backup = await this.#files.goodCopy(record);
    const excepted = [id, key, ...days].find((name) => this.#except.has(name));
    const blocked =
      excepted === undefined ? await this.#whyBlocked(record) : `${excepted} is excepted by the request`;
    return {
      ...{ id, key, size, sha256, days },
      ...(backup === undefined ? {} : { backup }),
      ...(excepted === undefined ? {} : { excepted: true }),
      ...(blocked === undefined ? {} : { blocked }),
    };
  }

  async #whyBlocked(record: FileRecord): Promise<string | undefined> {
    const { key, size, sha256, owner, state } = record;
    if ((state === 'claimed' || state === 'published') && (await this.#files.isOpen(owner))) {
      return `run ${owner.run} is processing it`;
    }
    const { pending } = (await this.#given.documents.read('key', keyRecordOf(key))) ?? {};
    if (pending !== undefined && (await this.#files.isOpen(pending))) {
      return `run ${pending.run} is processing another version of it`;
    }
    const problem = await this.#given.inspection.problemOf({ key, size, sha256 });
    return problem === undefined || problem === 'missing'
      ? undefined
      : 'a newer delivery waits under its key';
  }

  #affected(sources: readonly SourceEvidence[]): DayEvidence[] {
    const touched = new Set([
      ...sources.flatMap(({ days }) => days),
      ...this.#damages.flatMap(({ day }) => day ?? []),
      ...[...this.#evidence.values()].flatMap(({ day, uncounted }) => (uncounted === undefined ? [] : [day])),
    ]);
    return [...this.#evidence.values()]
      .filter(({ day, behind, table }) => behind || tableDiffers(table) || touched.has(day))
      .sort((a, b) => (a.day < b.day ? -1 : 1));
  }
}

function unrecorded(id: string): SourceEvidence {
  return { id, key: id, size: 0, sha256: id.padEnd(64, '0'), days: [] };
}

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
