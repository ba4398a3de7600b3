/** A change of documents that is only made to see what would come of it: what is written is kept here and read back. */
import type { z } from 'zod';
import type { ObjectHead, Stored } from '../../systems/s3/bucket.ts';
import type { DocumentStore } from './documents.ts';

export class Rehearsal implements DocumentStore {
  readonly #bucket: DocumentStore;
  readonly #written = new Map<string, { readonly value: unknown; readonly etag: string }>();

  constructor(bucket: DocumentStore) {
    this.#bucket = bucket;
  }

  async head(key: string, versionId?: string): Promise<ObjectHead | undefined> {
    return await this.#bucket.head(key, versionId);
  }

  async readJson<T>(key: string, schema: z.ZodType<T>, versionId?: string): Promise<Stored<T> | undefined> {
    const own = versionId === undefined ? this.#written.get(key) : undefined;
    if (own === undefined) return await this.#bucket.readJson(key, schema, versionId);
    return { value: schema.parse(own.value), etag: own.etag };
  }

  writeJsonIf(key: string, value: unknown, etag: string | undefined): Promise<boolean> {
    const own = this.#written.get(key);
    if (own !== undefined && own.etag !== etag) return Promise.resolve(false);
    this.#written.set(key, { value, etag: `rehearsed-${this.#written.size}-${key}-${etag ?? ''}` });
    return Promise.resolve(true);
  }
}
