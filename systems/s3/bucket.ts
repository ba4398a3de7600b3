/**
 * A bucket: typed JSON documents with conditional writes, listings, hashes. Every method is one call or a loop of reads,
 * so that repeating it is harmless; what a conditional write lost is a result, not an error.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type {
  GetObjectCommandInput,
  GetObjectCommandOutput,
  HeadObjectCommandOutput,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  S3Client,
} from '@aws-sdk/client-s3';
import type { z } from 'zod';
import { classifyAwsError } from '../../pipeline/failures.ts';
import type { FailureType } from '../../pipeline/failures.ts';
import { s3Uri } from '../../pipeline/layout.ts';
import { problemsOf } from '../../pipeline/problems.ts';
import { pagesOf } from '../aws/caller.ts';
import type { AwsCall, Caller, CallOptions } from '../aws/caller.ts';
import { isConditionLost, isMissing, traitsOf } from '../aws/errors.ts';

/** The first problems of a document tell what it is; more would fill the history. */
const PROBLEMS_SHOWN = 5;

/** A document with the tag that a conditional write must present. */
export interface Stored<T> {
  readonly value: T;
  readonly etag: string;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: Date;
}

/** What S3 has written down of an object. */
export interface ObjectHead {
  readonly size: number;
  readonly etag: string;
  readonly versionId: string;
  /** Over the whole of it, in hex; `undefined` where it was written without one, or in parts. */
  readonly sha256: string | undefined;
}

/** What reading an object to its end told. */
export interface Digested {
  readonly sha256: string;
  readonly size: number;
  readonly versionId: string;
  readonly etag: string;
  readonly modifiedAt: Date;
  readonly gzip: boolean;
}

/** An object, with what its content was read as. */
interface Fetched<T> {
  readonly etag: string;
  readonly versionId: string;
  readonly modifiedAt: Date;
  readonly content: T;
}

export class Bucket {
  readonly #s3: S3Client;
  readonly #caller: Caller;
  readonly name: string;

  constructor(s3: S3Client, caller: Caller, name: string) {
    this.#s3 = s3;
    this.#caller = caller;
    this.name = name;
  }

  /**
   * Makes a call about an object or a prefix, as the user of the bucket makes its calls.
   * @param resource how an operator knows what the call is about
   */
  async call<T>(
    operation: string,
    key: string,
    send: (s3: S3Client, options: CallOptions) => Promise<T>,
    resource?: string,
  ): Promise<T> {
    const asked = this.#asked(operation, key, resource);
    return await this.#caller.call(asked, (options) => send(this.#s3, options));
  }

  #asked(operation: string, key: string, resource = s3Uri(this.name, key)): AwsCall {
    return { operation: `${operation} ${key === '' ? this.name : key}`, resource };
  }

  /** An error as the user of the bucket throws them. */
  failure(type: FailureType, message: string, cause?: unknown): Error {
    return this.#caller.failure(type, message, cause);
  }

  /** @throws `DocumentInvalid` when the object is there but is not what it should be */
  async readJson<T>(key: string, schema: z.ZodType<T>, versionId?: string): Promise<Stored<T> | undefined> {
    const found = await this.#fetch(key, versionId, text);
    if (found === undefined) return undefined;
    let json: unknown;
    try {
      json = JSON.parse(found.content);
    } catch (error) {
      throw this.failure('DocumentInvalid', `s3://${this.name}/${key} is not JSON`, error);
    }
    const parsed = schema.safeParse(json);
    if (!parsed.success) {
      const problems = problemsOf(parsed.error, json).slice(0, PROBLEMS_SHOWN);
      throw this.failure(
        'DocumentInvalid',
        `s3://${this.name}/${key} is not the expected document: ${problems.join('; ')}`,
      );
    }
    return { value: parsed.data, etag: found.etag };
  }

  /** Writes without a condition: for records that only one run writes. */
  async writeJson(key: string, value: unknown): Promise<void> {
    await this.writeText(key, jsonText(value), JSON_TYPE);
  }

  async writeText(key: string, body: string, contentType: string): Promise<void> {
    const put = new PutObjectCommand({ Bucket: this.name, Key: key, Body: body, ContentType: contentType });
    await this.call('PutObject', key, (s3, options) => s3.send(put, options));
  }

  /**
   * Writes only if the object is still the one with this tag (`undefined`: only if there is none).
   * @returns whether it was written; `false` means that somebody else wrote meanwhile
   */
  async writeJsonIf(key: string, value: unknown, etag: string | undefined): Promise<boolean> {
    const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag };
    const document = { Body: jsonText(value), ContentType: JSON_TYPE };
    const put = new PutObjectCommand({ Bucket: this.name, Key: key, ...document, ...condition });
    return await this.#conditional('PutObject', key, (s3, options) => s3.send(put, options));
  }

  /**
   * Writes only if there is no such object.
   * @param sha256 of the body, in hex, where S3 is to check what arrives
   * @returns `false` when there was one
   */
  async create(key: string, body: string | Buffer, sha256?: string): Promise<boolean> {
    const checked = sha256 === undefined ? {} : { ChecksumSHA256: base64Of(sha256) };
    const put = new PutObjectCommand({
      ...{ Bucket: this.name, Key: key, Body: body, ContentLength: body.length, IfNoneMatch: '*' },
      ...checked,
    });
    return await this.#conditional('PutObject', key, (s3, options) => s3.send(put, options));
  }

  /**
   * Deletes the current version only if it is the one with this tag. What is gone already, as after an earlier try, is
   * as good as deleted.
   * @returns `false` when another version has arrived, which stays
   */
  async deleteIf(key: string, etag: string): Promise<boolean> {
    if ((await this.head(key)) === undefined) return true;
    const remove = new DeleteObjectCommand({ Bucket: this.name, Key: key, IfMatch: etag });
    return await this.#conditional('DeleteObject', key, (s3, options) =>
      unlessMissing(s3.send(remove, options)),
    );
  }

  async head(key: string, versionId?: string): Promise<ObjectHead | undefined> {
    const of = this.#object(key, versionId);
    const head = await this.call('HeadObject', key, async (s3, options) => {
      try {
        return await unlessMissing(
          s3.send(new HeadObjectCommand({ ...of, ChecksumMode: 'ENABLED' }), options),
        );
      } catch (error) {
        // S3 refuses a HEAD without a word: expired credentials look like a malformed request, and nobody learns which
        // right is missing. The same question as a GET needs the same right and is refused with the reason.
        const { httpStatus } = traitsOf(error);
        if (httpStatus === 400 || httpStatus === 403) {
          const { Body: body } = await s3.send(new GetObjectCommand(of), options);
          if (body instanceof Readable) body.destroy();
        }
        throw error;
      }
    });
    if (head === undefined) return undefined;
    const { ContentLength: size = 0, ETag: etag = '', VersionId = 'null' } = head;
    return { size, etag, versionId: VersionId, sha256: storedDigest(head) };
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    for await (const page of this.#pages({ Prefix: prefix })) {
      for (const { Key, Size, ETag, LastModified } of page.Contents ?? []) {
        if (Key === undefined) continue;
        yield { key: Key, size: Size ?? 0, etag: ETag ?? '', modifiedAt: LastModified ?? new Date(0) };
      }
    }
  }

  /** The prefixes right below a prefix. */
  async folders(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { CommonPrefixes = [] } of this.#pages({ Prefix: prefix, Delimiter: '/' }))
      found.push(...CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? []));
    return found;
  }

  #pages(
    listing: Pick<ListObjectsV2CommandInput, 'Delimiter'> & { readonly Prefix: string },
  ): AsyncGenerator<ListObjectsV2CommandOutput> {
    const asked = this.#asked('ListObjectsV2', listing.Prefix);
    const pages = paginateListObjectsV2({ client: this.#s3 }, { Bucket: this.name, ...listing });
    return pagesOf(this.#caller, asked, pages);
  }

  /** The content as it comes; who reads it turns what breaks off into a failure. */
  async read(key: string): Promise<Readable | undefined> {
    return await this.call('GetObject', key, async (s3, options) => {
      const get = new GetObjectCommand(this.#object(key));
      return bodyOf(key, await unlessMissing(s3.send(get, options)));
    });
  }

  /** Whole content, for small objects. */
  async readBytes(key: string, versionId?: string): Promise<Uint8Array | undefined> {
    return (await this.#fetch(key, versionId, buffer))?.content;
  }

  /**
   * Reads an object to its end in constant memory.
   * @param onProgress called with the bytes read so far, at every chunk
   * @returns `undefined` when it is not there
   */
  async digest(
    key: string,
    given: { readonly versionId?: string; readonly onProgress?: (bytes: number) => void } = {},
  ): Promise<Digested | undefined> {
    const found = await this.#fetch(key, given.versionId, async (body, { abortSignal }) => {
      const hash = createHash('sha256');
      let size = 0;
      let first = Buffer.alloc(0);
      for await (const chunk of body) {
        abortSignal?.throwIfAborted();
        const bytes = chunk as Buffer;
        if (first.length < 2) first = Buffer.concat([first, bytes.subarray(0, 2)]);
        hash.update(bytes);
        size += bytes.length;
        given.onProgress?.(size);
      }
      // The first two bytes of every gzip file (RFC 1952).
      const gzip = first[0] === 0x1f && first[1] === 0x8b;
      return { sha256: hash.digest('hex'), size, gzip };
    });
    if (found === undefined) return undefined;
    const { content, ...object } = found;
    return { ...content, ...object };
  }

  /** The SHA-256 of what is there, in hex: as S3 has it, else by reading the object. `undefined` when nothing is there. */
  async sha256(key: string): Promise<string | undefined> {
    const head = await this.head(key);
    if (head === undefined) return undefined;
    return head.sha256 ?? (await this.digest(key))?.sha256;
  }

  #object(key: string, versionId?: string): GetObjectCommandInput {
    return { Bucket: this.name, Key: key, ...(versionId === undefined ? {} : { VersionId: versionId }) };
  }

  /** @param consume reads the content to its end; begins anew where its connection broke */
  async #fetch<T>(
    key: string,
    versionId: string | undefined,
    consume: (body: Readable, options: CallOptions) => Promise<T>,
  ): Promise<Fetched<T> | undefined> {
    const get = new GetObjectCommand(this.#object(key, versionId));
    return await this.call('GetObject', key, (s3, options) =>
      repeated(async () => {
        const answer = await unlessMissing(s3.send(get, options));
        const body = bodyOf(key, answer);
        if (answer === undefined || body === undefined) return undefined;
        const { ETag: etag = '', VersionId = 'null', LastModified: modifiedAt = new Date(0) } = answer;
        return { etag, versionId: VersionId, modifiedAt, content: await consume(body, options) };
      }),
    );
  }

  async #conditional(
    operation: string,
    key: string,
    send: (s3: S3Client, options: CallOptions) => Promise<unknown>,
  ): Promise<boolean> {
    return await this.call(operation, key, async (s3, options) => {
      try {
        await send(s3, options);
        return true;
      } catch (error) {
        if (isConditionLost(error)) return false;
        throw error;
      }
    });
  }
}

function bodyOf(key: string, answer: GetObjectCommandOutput | undefined): Readable | undefined {
  if (answer === undefined) return undefined;
  if (!(answer.Body instanceof Readable)) throw new Error(`GetObject ${key} answered without a body`);
  return answer.Body;
}

/**
 * How often a content is sent or fetched while its connection breaks. The SDK repeats what it asks, as often as this, but
 * neither what it has begun to read nor what it sends from a file.
 */
const TRANSFER_ATTEMPTS = 3;

/** Transfers a content, again where the connection broke or the service was not there. */
export async function repeated<T>(transfer: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transfer();
    } catch (error) {
      const type = classifyAwsError(traitsOf(error));
      const broke = type === 'ServiceUnavailable' || type === 'Throttled';
      if (!broke || attempt === TRANSFER_ATTEMPTS) throw error;
    }
  }
}

const JSON_TYPE = 'application/json';

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

/** A digest in hex as S3 takes and tells it. */
export function base64Of(sha256: string): string {
  return Buffer.from(sha256, 'hex').toString('base64');
}

function storedDigest({
  ChecksumSHA256: checksum,
  ChecksumType: type,
}: HeadObjectCommandOutput): string | undefined {
  if (checksum === undefined || type === 'COMPOSITE') return undefined;
  return Buffer.from(checksum, 'base64').toString('hex');
}

async function unlessMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
