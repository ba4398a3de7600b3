/** Reading the bucket: JSON documents checked by their schema, listings, and what a prefix holds. */
import { createReadStream } from 'node:fs';
import type { GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { GetObjectCommand, paginateListObjectsV2, PutObjectCommand } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { expected, jsonOf } from './answers.ts';
import { ClientError, explain, notFound } from './errors.ts';

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
export type PrefixUsage = z.infer<typeof prefixUsageSchema>;

/**
 * How often a content is sent or fetched while its connection breaks. The SDK repeats what it asks, as often as this, but
 * neither what it has begun to read nor what it sends from a file.
 */
const TRANSFER_ATTEMPTS = 3;

/** Smooth enough for a person to see that it goes on. */
const PROGRESS_INTERVAL_MS = 500;

export class Bucket {
  readonly #s3: S3Client;
  readonly name: string;

  constructor(s3: S3Client, name: string) {
    this.#s3 = s3;
    this.name = name;
  }

  /** @throws ClientError `NotFound` when there is no such object, `Failed` when it is not what it should be */
  async json<T extends z.ZodType>(key: string, schema: T): Promise<z.output<T>> {
    const expectation = {
      what: `s3://${this.name}/${key}`,
      advice: 'The document was written by another version of the pipeline, or changed by hand.',
    };
    return expected(schema, jsonOf(await this.text(key), expectation), expectation);
  }

  async text(key: string): Promise<string> {
    return new TextDecoder().decode(await this.bytes(key));
  }

  /** @throws ClientError `NotFound` when there is no such object */
  async bytes(key: string): Promise<Uint8Array> {
    const what = `s3://${this.name}/${key}`;
    return await repeated(what, async () => (await this.#get(key)).transformToByteArray());
  }

  async #get(key: string): Promise<NonNullable<GetObjectCommandOutput['Body']>> {
    try {
      const { Body: body } = await this.#s3.send(new GetObjectCommand({ Bucket: this.name, Key: key }));
      if (body === undefined) throw notFound(`s3://${this.name}/${key} has no content.`);
      return body;
    } catch (error) {
      throw explain(error, `s3://${this.name}/${key}`);
    }
  }

  async *list(prefix: string): AsyncGenerator<StoredObject> {
    try {
      for await (const page of paginateListObjectsV2(
        { client: this.#s3 },
        { Bucket: this.name, Prefix: prefix },
      )) {
        for (const { Key: key, Size: bytes, LastModified: modifiedAt } of page.Contents ?? []) {
          if (key !== undefined) yield { key, bytes: bytes ?? 0, modifiedAt: modifiedAt ?? new Date(0) };
        }
      }
    } catch (error) {
      throw explain(error, `bucket ${this.name}`);
    }
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

  /**
   * Uploads a file in one request. S3 compares what arrives with the digest and refuses it when they differ.
   * @param file.sha256 of the file's bytes, in hex
   * @param onProgress told twice a second how many bytes have been read for sending
   */
  async upload(
    key: string,
    file: { readonly path: string; readonly bytes: number; readonly sha256: string },
    onProgress?: (bytes: number) => void,
  ): Promise<{ versionId?: string }> {
    const what = `upload of ${file.path} to s3://${this.name}/${key}`;
    return await repeated(what, async () => await this.#put(key, file, onProgress));
  }

  async #put(
    key: string,
    file: { readonly path: string; readonly bytes: number; readonly sha256: string },
    onProgress?: (bytes: number) => void,
  ): Promise<{ versionId?: string }> {
    const body = createReadStream(file.path);
    const progress = setInterval(() => onProgress?.(body.bytesRead), PROGRESS_INTERVAL_MS);
    try {
      const { VersionId: versionId } = await this.#s3.send(
        new PutObjectCommand({
          Bucket: this.name,
          Key: key,
          Body: body,
          ContentLength: file.bytes,
          ChecksumSHA256: Buffer.from(file.sha256, 'hex').toString('base64'),
        }),
      );
      return versionId === undefined ? {} : { versionId };
    } finally {
      clearInterval(progress);
      body.destroy();
    }
  }
}

/**
 * Transfers a content, again where the connection broke or the service was not there.
 * @param what the object or file, for the message of the last failure
 */
async function repeated<T>(what: string, transfer: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transfer();
    } catch (error) {
      // What is explained already has been repeated by the SDK.
      const isFinal = error instanceof ClientError || attempt === TRANSFER_ATTEMPTS;
      const explained = explain(error, what);
      if (isFinal || explained.code !== 'Unreachable') throw explained;
    }
  }
}
