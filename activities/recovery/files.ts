/**
 * Input files against their records: the archived copy of a processed file, the original of one that a run has claimed
 * and is not done with. And where else the bytes of an input are, for every run has left copies behind. Reads only.
 */
import { isDeepStrictEqual } from 'node:util';
import { fileIdOf } from '../../pipeline/documents.ts';
import { foundAt } from '../../pipeline/inputs.ts';
import type { ArchiveRecord, FileRecord, Owner, PreparedFile } from '../../pipeline/inputs.ts';
import { layout, PREFIXES } from '../../pipeline/layout.ts';
import type { Damage, GoodCopy } from '../../pipeline/recovery/evidence.ts';
import { keyRecordOf } from '../storage/claims.ts';
import type { ClosedRuns } from '../storage/claims.ts';
import type { Documents } from './documents.ts';
import type { Inspection } from './inspection.ts';

export class InputFiles {
  /** What is left as it is, and why. */
  readonly left: string[] = [];
  readonly #inspection: Inspection;
  readonly #documents: Documents;
  readonly #closedRuns: ClosedRuns;
  #archives: Map<string, string[]> | undefined;

  constructor(inspection: Inspection, documents: Documents, closedRuns: ClosedRuns) {
    this.#inspection = inspection;
    this.#documents = documents;
    this.#closedRuns = closedRuns;
  }

  /** @param named whether the request names the file: then a newer delivery under its key makes room for it */
  async examine(record: FileRecord, named: boolean): Promise<Damage[]> {
    const damages = await this.#examine(record, named);
    if (damages.length === 0) return [];
    // A run deletes an original only after it has recorded where the copy is: what it moved meanwhile is no damage.
    const latest = await this.#documents.read('file', layout.file(record.id));
    if (latest === undefined || isDeepStrictEqual(latest, record)) return damages;
    return await this.examine(latest, named);
  }

  async #examine(record: FileRecord, named: boolean): Promise<Damage[]> {
    const { archivedAs, key, days, replacedBy } = record;
    const counts = days.length > 0 && replacedBy === undefined;
    await (counts
      ? this.#documents.require('key', keyRecordOf(key))
      : this.#documents.read('key', keyRecordOf(key)));
    const archived =
      archivedAs === undefined ? undefined : await this.#damage('archived', archivedAs, record);
    return [archived, await this.#waiting(record, named)].filter((damage) => damage !== undefined);
  }

  /** The original, where it has to wait under its own key: a run has claimed it, or it is to be processed. */
  async #waiting(record: FileRecord, named: boolean): Promise<Damage | undefined> {
    const { id, state, archivedAs, owner } = record;
    const isClaimed = state === 'claimed' || state === 'published';
    const key = isClaimed ? foundAt(record) : record.key;
    // What the gate refused is in quarantine; a refused file without a copy was freed of the claim of its run.
    const freed = state === 'refused' && archivedAs === undefined;
    const unarchived = state === 'done' && archivedAs === undefined;
    if (!isClaimed && !freed && !unarchived && state !== 'due') return undefined;
    const prepared = isClaimed ? await this.#prepared(record) : undefined;
    const open = isClaimed && (await this.isOpen(owner));
    // A claim that was just taken: the run is reading the file.
    if (open && prepared === undefined) return undefined;
    if (!open && (await this.#isSuperseded(record))) return undefined;
    const damage = await this.#damage('raw', key, record);
    if (damage === undefined || damage.problem === 'missing') return damage;
    // While its run works, other bytes under the key are a newer delivery, which a next run takes.
    if (open) return undefined;
    if (named) return { ...damage, problem: 'replaced' };
    const claimed = `other bytes than run ${owner.run} claimed: they count as a newer delivery`;
    this.left.push(`${key}: ${claimed}; --files ${id} brings back what was claimed`);
    return undefined;
  }

  /** A later version of the key counts: nobody needs what an ended run had claimed before. */
  async #isSuperseded({ id, key, claimedAt }: FileRecord): Promise<boolean> {
    const counting = (await this.#documents.read('key', keyRecordOf(key)))?.fileId;
    if (counting === undefined || counting === id) return false;
    const other = await this.#documents.read('file', layout.file(counting));
    return other !== undefined && Date.parse(other.claimedAt) > Date.parse(claimedAt);
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

  async #prepared(record: FileRecord): Promise<PreparedFile | undefined> {
    const { owner, id } = record;
    const inputs = await this.#documents.read('inputs', layout.runRecord(owner.run, 'inputs'));
    return inputs?.files.find((file) => file.key === foundAt(record) && fileIdOf(file.sha256) === id);
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
