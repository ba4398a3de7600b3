/**
 * Claims: making a run the owner of a file, by key and by content, before it touches the data. Two runs that want the
 * same file meet in a conditional write; one gets it, the other sees whose it is.
 */
import { createHash } from 'node:crypto';
import { fileRecordSchema, judgeDelivery, keyRecordSchema, keysOf, mayCount } from '../../pipeline/inputs.ts';
import type { FileRecord, InputVerdict, KeyRecord, Owner, PreparedInputs } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import { changeDocument } from './documents.ts';

/** Of these runs, those that have ended, by their ids in the bucket. */
export type ClosedRuns = (owners: readonly Owner[]) => Promise<readonly string[]>;

export interface Claimed {
  readonly verdict: InputVerdict;
  /** What its key leaves, and the days in which that has plays. */
  readonly retire: readonly Pick<PreparedInputs['retire'][number], 'id' | 'days' | 'begun'>[];
}

export interface ClaimedFile {
  readonly key: string;
  readonly id: string;
  readonly sha256: string;
  readonly size: number;
}

export function keyRecordOf(key: string): string {
  return layout.key(createHash('sha256').update(key).digest('hex'));
}

export class Claims {
  readonly #bucket: Bucket;
  readonly #owner: Owner;
  readonly #closedRuns: ReadonlySet<string>;

  constructor(bucket: Bucket, owner: Owner, closedRuns: ReadonlySet<string>) {
    this.#bucket = bucket;
    this.#owner = owner;
    this.#closedRuns = closedRuns;
  }

  async judge(key: string, fileId: string): Promise<InputVerdict> {
    const [keyRecord, fileRecord] = await Promise.all([
      this.#bucket.readJson(keyRecordOf(key), keyRecordSchema),
      this.#bucket.readJson(layout.file(fileId), fileRecordSchema),
    ]);
    return this.#judge(key, fileId, keyRecord?.value, fileRecord?.value);
  }

  /** The key first: whoever has it decides alone what its content means. */
  async claim(file: ClaimedFile, now: string): Promise<Claimed> {
    const byKey = await this.#claimKey(file);
    const verdict = takesContent(byKey.verdict)
      ? await this.#claimContent(file, byKey.record, now)
      : byKey.verdict;
    const replaces = 'replaces' in verdict ? verdict.replaces : [];
    const retire = verdict.kind === 'busy' ? [] : await this.#toRetire(file, replaces, byKey.record);
    if (takesContent(byKey.verdict) && !takesContent(verdict) && retire.length === 0)
      await this.#releaseKey(file.key);
    return { verdict, retire };
  }

  async #claimKey({
    key,
    id,
  }: ClaimedFile): Promise<{ verdict: InputVerdict; record: KeyRecord | undefined }> {
    const content = await this.#bucket.readJson(layout.file(id), fileRecordSchema);
    const judged: { verdict: InputVerdict } = { verdict: { kind: 'new' } };
    const decide = (current: KeyRecord | undefined): KeyRecord | undefined => {
      const verdict = this.#judge(key, id, current, content?.value);
      judged.verdict = verdict;
      const bringsNothing =
        verdict.kind === 'redelivery' && verdict.replaces.length === 0 && begunFor(current).length === 0;
      if (verdict.kind === 'busy' || bringsNothing || this.#isOwn(current?.pending)) return current;
      const bringing = [...new Set([...(current?.bringing ?? []), id])];
      return { version: 1, key, ...current, pending: this.#owner, bringing };
    };
    const record = await changeDocument(this.#bucket, keyRecordOf(key), keyRecordSchema, decide);
    return { verdict: judged.verdict, record };
  }

  async #claimContent(
    { key, id, sha256, size }: ClaimedFile,
    keyRecord: KeyRecord | undefined,
    now: string,
  ): Promise<InputVerdict> {
    const judged: { verdict: InputVerdict } = { verdict: { kind: 'new' } };
    const [standing = key, ...alsoUnder] = await this.#standingFor(id);
    const decide = (current: FileRecord | undefined): FileRecord | undefined => {
      const verdict = this.#judge(key, id, keyRecord, current);
      judged.verdict = verdict;
      if (!takesContent(verdict)) return current;
      if (this.#isOwn(current?.owner) && current?.state === 'claimed') return current;
      const replaces = verdict.kind === 'correction' ? { replaces: [...verdict.replaces] } : {};
      const days = current?.days ?? [];
      const renewed = current?.renewedFor === undefined ? {} : { renewedFor: current.renewedFor };
      return {
        version: 1,
        id,
        sha256,
        size,
        key: standing,
        ...(alsoUnder.length === 0 ? {} : { alsoUnder }),
        ...(standing === key ? {} : { claimedAs: key }),
        owner: this.#owner,
        state: 'claimed',
        claimedAt: now,
        days,
        ...replaces,
        ...renewed,
      };
    };
    await changeDocument(this.#bucket, layout.file(id), fileRecordSchema, decide);
    return judged.verdict;
  }

  /** Keys that stand for the content: whoever takes it over under another name brings a copy. */
  async #standingFor(id: string): Promise<string[]> {
    const record = (await this.#bucket.readJson(layout.file(id), fileRecordSchema))?.value;
    if (record === undefined || record.replacedBy !== undefined) return [];
    const standing: string[] = [];
    for (const key of keysOf(record)) {
      const keyRecord = await this.#bucket.readJson(keyRecordOf(key), keyRecordSchema);
      if (keyRecord?.value.fileId === id) standing.push(key);
    }
    return standing;
  }

  /** A resumed run has the claims of its closed execution, but writes its own execution into them. */
  #isOwn(owner: Owner | undefined): boolean {
    return owner?.run === this.#owner.run && owner.originalRunId === this.#owner.originalRunId;
  }

  async #releaseKey(key: string): Promise<void> {
    await changeDocument<KeyRecord, KeyRecord | undefined>(
      this.#bucket,
      keyRecordOf(key),
      keyRecordSchema,
      (current) => {
        if (current?.pending?.run !== this.#owner.run) return current;
        const { pending, ...kept } = current;
        return kept;
      },
    );
  }

  /**
   * What the file replaces: what its key stood for, what runs that have ended were to make it stand for, itself when its
   * plays are made again. Content that no longer stands under the key stays.
   */
  async #toRetire(
    { key, id }: ClaimedFile,
    replaces: readonly string[],
    keyRecord: KeyRecord | undefined,
  ): Promise<Claimed['retire']> {
    const begun = new Set(begunFor(keyRecord));
    const retire: Pick<PreparedInputs['retire'][number], 'id' | 'days' | 'begun'>[] = [];
    for (const other of new Set([...replaces, ...begun])) {
      const record = (await this.#bucket.readJson(layout.file(other), fileRecordSchema))?.value;
      if (record === undefined) continue;
      const { days } = record;
      if (other === id) {
        if (replaces.includes(id)) retire.push({ id, days });
      } else if (keysOf(record).includes(key)) {
        if (!begun.has(other)) retire.push({ id: other, days });
        else if (record.state === 'done' || mayCount(record)) retire.push({ id: other, days, begun: true });
      }
    }
    return retire;
  }

  #judge(
    key: string,
    fileId: string,
    keyRecord: KeyRecord | undefined,
    fileRecord: FileRecord | undefined,
  ): InputVerdict {
    return judgeDelivery({
      key,
      fileId,
      self: this.#owner,
      keyRecord,
      fileRecord,
      closedRuns: this.#closedRuns,
    });
  }
}

/** What runs that have ended had begun to make the key stand for. */
function begunFor(record: KeyRecord | undefined): string[] {
  return (record?.bringing ?? []).filter((other) => other !== record?.fileId);
}

function takesContent(verdict: InputVerdict): boolean {
  return verdict.kind === 'new' || verdict.kind === 'correction';
}
