/** The bucket's objects as a person asks for them: what is named must be there. */
import { z } from 'zod';
import type { Bucket } from '../systems/s3/bucket.ts';
import { notFound } from './errors.ts';

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

export const prefixUsageSchema = z.object({
  prefix: z.string(),
  objects: z.number(),
  bytes: z.number(),
  /** When the newest object was written. */
  newestAt: z.string().optional(),
});
/** How many objects a prefix holds, and of how many bytes. */
export type PrefixUsage = z.infer<typeof prefixUsageSchema>;

export class Objects {
  readonly #bucket: Bucket;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** The bucket's name. */
  get name(): string {
    return this.#bucket.name;
  }

  /** @throws ClientError `NotFound` when there is no such object, `Failed` when it is not what it should be */
  async json<T>(key: string, schema: z.ZodType<T>): Promise<T> {
    return this.#required(key, await this.#bucket.readJson(key, schema)).value;
  }

  /** @throws ClientError `NotFound` when there is no such object */
  async text(key: string): Promise<string> {
    return new TextDecoder().decode(await this.bytes(key));
  }

  /** @throws ClientError `NotFound` when there is no such object */
  async bytes(key: string): Promise<Uint8Array> {
    return this.#required(key, await this.#bucket.readBytes(key));
  }

  #required<T>(key: string, found: T | undefined): T {
    if (found === undefined) throw notFound(`There is no s3://${this.name}/${key}.`);
    return found;
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    for await (const { key, size: bytes, modifiedAt } of this.#bucket.list(prefix))
      yield { key, bytes, modifiedAt };
  }

  async isEmpty(prefix: string): Promise<boolean> {
    const first = await this.list(prefix).next();
    return first.done === true;
  }

  /** What a prefix holds. Markers (empty objects named like a folder) are not counted. */
  async usage(prefix: string): Promise<PrefixUsage> {
    let [objects, bytes, newest] = [0, 0, 0];
    for await (const object of this.list(prefix)) {
      if (object.key.endsWith('/') && object.bytes === 0) continue;
      objects += 1;
      bytes += object.bytes;
      newest = Math.max(newest, object.modifiedAt.getTime());
    }
    return { prefix, objects, bytes, ...(objects === 0 ? {} : { newestAt: new Date(newest).toISOString() }) };
  }
}
