/**
 * Claims: making a run the owner of a file, by key and by content, before it touches the data. Two runs that want the
 * same file meet in a conditional write; one gets it, the other sees whose it is.
 */
import { createHash } from 'node:crypto';
import { fileRecordSchema, judgeDelivery, keyRecordSchema } from '../../pipeline/inputs.ts';
import type { FileRecord, InputVerdict, KeyRecord, Owner } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { changeDocument } from './documents.ts';
import type { Bucket } from './objects.ts';

export interface Claimed {
  readonly verdict: InputVerdict;
  /** What stops counting because of this file, and in which days. */
  readonly retire?: { readonly id: string; readonly days: string[] };
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
    const replaces = 'replaces' in verdict ? verdict.replaces : undefined;
    if (takesContent(byKey.verdict) && !takesContent(verdict) && replaces === undefined)
      await this.#releaseKey(file.key);
    const retire = replaces === undefined ? undefined : await this.#toRetire(file.key, replaces);
    return retire === undefined ? { verdict } : { verdict, retire };
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
      const bringsNothing = verdict.kind === 'redelivery' && verdict.replaces === undefined;
      if (verdict.kind === 'busy' || bringsNothing || this.#isOwn(current?.pending)) return current;
      return { version: 1, key, ...current, pending: this.#owner };
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
    const decide = (current: FileRecord | undefined): FileRecord | undefined => {
      const verdict = this.#judge(key, id, keyRecord, current);
      judged.verdict = verdict;
      if (!takesContent(verdict)) return current;
      if (this.#isOwn(current?.owner) && current?.state === 'claimed') return current;
      const replaces = verdict.kind === 'correction' ? { replaces: verdict.replaces } : {};
      const days = current?.days ?? [];
      const renewed = current?.renewedFor === undefined ? {} : { renewedFor: current.renewedFor };
      return {
        version: 1,
        id,
        sha256,
        size,
        key,
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

  /** A resumed run has the claims of its closed execution, but writes its own execution into them. */
  #isOwn(owner: Owner | undefined): boolean {
    return owner?.run === this.#owner.run && owner.firstRunId === this.#owner.firstRunId;
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

  /** Content that came under another key meanwhile stays: only what this key brought is replaced. */
  async #toRetire(key: string, id: string): Promise<Claimed['retire']> {
    const replaced = await this.#bucket.readJson(layout.file(id), fileRecordSchema);
    if (replaced === undefined || replaced.value.key !== key) return undefined;
    return { id, days: replaced.value.days };
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

function takesContent(verdict: InputVerdict): boolean {
  return verdict.kind === 'new' || verdict.kind === 'correction';
}
