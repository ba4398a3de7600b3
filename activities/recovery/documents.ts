/**
 * Documents that may be damaged: what can't be read now is read as its newest version that can, and noted. So a look
 * goes on with what the document said, and the plan puts it back. Reads only.
 */
import type { z } from 'zod';
import type { DocumentDamage, GoodCopy } from '../../pipeline/recovery/evidence.ts';
import { isFailureOf } from '../aws/call.ts';
import type { Bucket } from '../storage/objects.ts';
import { versionsOf } from '../storage/versions.ts';

export class Documents {
  readonly damages: DocumentDamage[] = [];
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** @returns `undefined` when there never was one, or none of its versions can be read */
  async read<T>(kind: DocumentDamage['kind'], key: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const current = await this.#version(key, schema);
    if (current?.value !== undefined) return current.value;
    const versions = await versionsOf(this.#bucket, key);
    if (versions.length === 0) return undefined;
    const problem = current === undefined ? 'missing' : 'unreadable';
    for (const { versionId } of versions) {
      const earlier = await this.#version(key, schema, versionId);
      if (earlier?.value === undefined) continue;
      this.#note({ kind, key, problem, backup: { key, versionId } });
      return earlier.value;
    }
    this.#note({ kind, key, problem });
    return undefined;
  }

  /** A document may be looked at twice. */
  #note(damage: DocumentDamage): void {
    if (!this.damages.some(({ key }) => key === damage.key)) this.damages.push(damage);
  }

  /** @returns `undefined` when it is not there, no value when it can't be read */
  async #version<T>(
    key: string,
    schema: z.ZodType<T>,
    versionId?: string,
  ): Promise<{ value?: T } | undefined> {
    try {
      const found = await this.#bucket.readJson(key, schema, versionId);
      return found === undefined ? undefined : { value: found.value };
    } catch (error) {
      if (isFailureOf(error, 'DocumentInvalid')) return {};
      throw error;
    }
  }
}

/** The version of a document in which something holds, the newest of them. */
export async function findVersion<T>(
  bucket: Bucket,
  key: string,
  schema: z.ZodType<T>,
  holds: (value: T) => boolean,
): Promise<{ readonly value: T; readonly from: GoodCopy } | undefined> {
  for (const { versionId } of await versionsOf(bucket, key)) {
    try {
      const found = await bucket.readJson(key, schema, versionId);
      if (found !== undefined && holds(found.value)) return { value: found.value, from: { key, versionId } };
    } catch (error) {
      if (!isFailureOf(error, 'DocumentInvalid')) throw error;
    }
  }
  return undefined;
}
