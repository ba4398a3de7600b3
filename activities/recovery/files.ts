/**
 * Input files against their records: the archived copy of a processed file, the original of one that a run has claimed
 * and is not done with. And where else the bytes of an input are, for every run has left copies behind. Reads only.
 */
import { fileIdOf } from '../../pipeline/documents.ts';
import { preparedInputsSchema } from '../../pipeline/inputs.ts';
import type { ArchiveRecord, FileRecord, Owner, PreparedFile } from '../../pipeline/inputs.ts';
import { layout, PREFIXES } from '../../pipeline/layout.ts';
import type { Damage, GoodCopy } from '../../pipeline/recovery/evidence.ts';
import type { Inspection } from './inspection.ts';

/** Of these runs, those that have ended, by their ids in the bucket. */
export type ClosedRuns = (owners: readonly Owner[]) => Promise<readonly string[]>;

export class InputFiles {
  readonly #inspection: Inspection;
  readonly #closedRuns: ClosedRuns;
  #archives: Map<string, string[]> | undefined;

  constructor(inspection: Inspection, closedRuns: ClosedRuns) {
    this.#inspection = inspection;
    this.#closedRuns = closedRuns;
  }

  async examine(record: FileRecord): Promise<Damage | undefined> {
    if (record.state !== 'claimed' && record.state !== 'published') {
      const { archivedAs } = record;
      return archivedAs === undefined ? undefined : await this.#damage('archived', archivedAs, record);
    }
    // A claim that was just taken: the run is reading the file.
    if ((await this.#prepared(record)) === undefined) return undefined;
    const damage = await this.#damage('raw', record.key, record);
    if (damage === undefined || damage.problem === 'missing') return damage;
    // While its run works, other bytes under the key are a newer delivery, which a next run takes.
    return (await this.isOpen(record.owner)) ? undefined : { ...damage, problem: 'replaced' };
  }

  /** Another archived copy of a content, besides the one that the file's record names. */
  async examineCopy({ id, archivedAs, size, sha256, key }: ArchiveRecord): Promise<Damage | undefined> {
    const problem = await this.#inspection.problemOf({ key: archivedAs, size, sha256 });
    if (problem === undefined) return undefined;
    const others = (await this.#archived()).get(id) ?? [];
    const backup = await this.#inspection.goodCopy({ size, sha256 }, [archivedAs, key, ...others]);
    const expected = { key: archivedAs, size, sha256, file: id };
    return { layer: 'archived', problem, ...expected, ...(backup === undefined ? {} : { backup }) };
  }

  async isOpen(owner: Owner): Promise<boolean> {
    return !(await this.#closedRuns([owner])).includes(owner.run);
  }

  /** A version of any object that has the file's bytes. */
  async goodCopy(record: FileRecord): Promise<GoodCopy | undefined> {
    const { id, key, archivedAs } = record;
    const staged = (await this.#prepared(record))?.stagedKey;
    const near = [archivedAs, key, staged].filter((candidate) => candidate !== undefined);
    const found = await this.#inspection.goodCopy(record, near);
    if (found !== undefined) return found;
    const elsewhere = (await this.#archived()).get(id) ?? [];
    return await this.#inspection.goodCopy(record, elsewhere);
  }

  async #damage(layer: 'raw' | 'archived', key: string, record: FileRecord): Promise<Damage | undefined> {
    const { id, size, sha256 } = record;
    const problem = await this.#inspection.problemOf({ key, size, sha256 });
    if (problem === undefined) return undefined;
    const backup = await this.goodCopy(record);
    return { layer, problem, key, size, sha256, file: id, ...(backup === undefined ? {} : { backup }) };
  }

  async #prepared({ owner, id, key }: FileRecord): Promise<PreparedFile | undefined> {
    const name = layout.runRecord(owner.run, 'inputs');
    const inputs = await this.#inspection.bucket.readJson(name, preparedInputsSchema);
    return inputs?.value.files.find((file) => file.key === key && fileIdOf(file.sha256) === id);
  }

  /** Archived copies by content: the same content may have been delivered, and archived, several times. */
  async #archived(): Promise<Map<string, string[]>> {
    if (this.#archives !== undefined) return this.#archives;
    const archives = new Map<string, string[]>();
    const runs = new Map<string, string[]>();
    for await (const { key } of this.#inspection.bucket.list(PREFIXES.archived)) {
      const folder = /^(archived\/\d{4}\/\d{2}\/\d{2}\/run=[^/]+\/)/.exec(key)?.[1];
      if (folder === undefined) continue;
      const id = /\/records\/([0-9a-f]{32})-\d+\.json$/.exec(key)?.[1];
      if (id === undefined) runs.set(folder, [...(runs.get(folder) ?? []), key]);
      else archives.set(id, [...(archives.get(id) ?? []), folder]);
    }
    this.#archives = new Map(
      [...archives].map(([id, folders]) => [id, folders.flatMap((folder) => runs.get(folder) ?? [])]),
    );
    return this.#archives;
  }
}
