/**
 * A bucket as the activities use it: typed JSON documents with conditional writes, listings, hashes. Every method is
 * one call or a loop of reads, so that repeating it is harmless; what a conditional write lost is a result, not an error.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { GetObjectCommandInput, HeadObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { cancellationSignal } from '@temporalio/activity';
import type { z } from 'zod';
import { problemsOf } from '../../pipeline/problems.ts';
import { call, failure, isConditionLost, isMissing, traitsOf } from '../../activities/call.ts';

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

/** What reading an object to its end told. */
export interface Digested {
  readonly sha256: string;
  readonly size: number;
  readonly versionId: string;
  readonly etag: string;
  readonly modifiedAt: Date;
  readonly gzip: boolean;
}

/** The SHA-256 that S3 has over the whole of an object, in hex; `undefined` where it was written without one, or in parts. */
export function storedDigest({
  ChecksumSHA256: checksum,
  ChecksumType: type,
}: HeadObjectCommandOutput): string | undefined {
  if (checksum === undefined || type === 'COMPOSITE') return undefined;
  return Buffer.from(checksum, 'base64').toString('hex');
}

/** S3's limit for one DeleteObjects. */
const DELETED_AT_ONCE = 1000;

export class Bucket {
  readonly s3: S3Client;
  readonly name: string;

  constructor(s3: S3Client, name: string) {
    this.s3 = s3;
    this.name = name;
  }

  /** @throws `DocumentInvalid` when the object is there but is not what it should be */
  async readJson<T>(key: string, schema: z.ZodType<T>, versionId?: string): Promise<Stored<T> | undefined> {
    const found = await this.#get(key, versionId);
    if (found === undefined) return undefined;
    const body = await call(`GetObject ${key}`, () => text(found.body));
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch (error) {
      throw failure('DocumentInvalid', `s3://${this.name}/${key} is not JSON`, error);
    }
    const parsed = schema.safeParse(json);
    if (!parsed.success) {
      const problems = problemsOf(parsed.error, json).slice(0, PROBLEMS_SHOWN);
      throw failure(
        'DocumentInvalid',
        `s3://${this.name}/${key} is not the expected document: ${problems.join('; ')}`,
      );
    }
    return { value: parsed.data, etag: found.etag };
  }

  /** Writes without a condition: for records that only one run writes. */
  async writeJson(key: string, value: unknown): Promise<void> {
    await call(`PutObject ${key}`, (options) =>
      this.s3.send(new PutObjectCommand(this.#document(key, value)), options),
    );
  }

  async writeText(key: string, body: string, ContentType: string): Promise<void> {
    const put = new PutObjectCommand({ Bucket: this.name, Key: key, Body: body, ContentType });
    await call(`PutObject ${key}`, (options) => this.s3.send(put, options));
  }

  /**
   * Writes only if the object is still the one with this tag (`undefined`: only if there is none).
   * @returns whether it was written; `false` means that somebody else wrote meanwhile
   */
  async writeJsonIf(key: string, value: unknown, etag: string | undefined): Promise<boolean> {
    const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag };
    return await this.#conditional(`PutObject ${key}`, (options) =>
      this.s3.send(new PutObjectCommand({ ...this.#document(key, value), ...condition }), options),
    );
  }

  /**
   * Deletes the current version only if it is the one with this tag. What is gone already, as after an earlier try, is
   * as good as deleted.
   * @returns `false` when another version has arrived, which stays
   */
  async deleteIf(key: string, etag: string): Promise<boolean> {
    if ((await this.head(key)) === undefined) return true;
    return await this.#conditional(`DeleteObject ${key}`, async (options) => {
      try {
        await this.s3.send(new DeleteObjectCommand({ Bucket: this.name, Key: key, IfMatch: etag }), options);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    });
  }

  async head(key: string, versionId?: string): Promise<HeadObjectCommandOutput | undefined> {
    const of = {
      Bucket: this.name,
      Key: key,
      ...(versionId === undefined ? {} : { VersionId: versionId }),
    };
    return await call(`HeadObject ${key}`, async (options) => {
      try {
        return await this.s3.send(new HeadObjectCommand({ ...of, ChecksumMode: 'ENABLED' }), options);
      } catch (error) {
        if (isMissing(error)) return undefined;
        await this.#askWhy(error, of, options);
        throw error;
      }
    });
  }

  /**
   * S3 refuses a HEAD without a word: expired credentials look like a malformed request, and nobody learns which right
   * is missing. The same question as a GET needs the same right and is refused with the reason.
   * @throws the error that tells the reason, if there is one
   */
  async #askWhy(
    refusal: unknown,
    of: GetObjectCommandInput,
    options: { readonly abortSignal: AbortSignal },
  ): Promise<void> {
    const { httpStatus } = traitsOf(refusal);
    if (httpStatus !== 400 && httpStatus !== 403) return;
    const { Body: body } = await this.s3.send(new GetObjectCommand(of), options);
    if (body instanceof Readable) body.destroy();
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    const pages = paginateListObjectsV2({ client: this.s3 }, { Bucket: this.name, Prefix: prefix });
    const iterator = pages[Symbol.asyncIterator]();
    for (;;) {
      const page = await call(`ListObjectsV2 ${prefix}`, () => iterator.next());
      if (page.done === true) return;
      for (const { Key, Size, ETag, LastModified } of page.value.Contents ?? []) {
        if (Key === undefined) continue;
        yield { key: Key, size: Size ?? 0, etag: ETag ?? '', modifiedAt: LastModified ?? new Date(0) };
      }
    }
  }

  /** The content as it comes; who reads it turns what breaks off into a failure. */
  async read(key: string): Promise<Readable | undefined> {
    return (await this.#get(key))?.body;
  }

  /** Whole content, for small objects. */
  async readBytes(key: string, versionId?: string): Promise<Uint8Array | undefined> {
    const found = await this.#get(key, versionId);
    if (found === undefined) return undefined;
    return await call(`GetObject ${key}`, () => buffer(found.body));
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
    const found = await this.#get(key, given.versionId);
    if (found === undefined) return undefined;
    const hash = createHash('sha256');
    let size = 0;
    let first = Buffer.alloc(0);
    const signal = cancellationSignal();
    await call(`GetObject ${key}`, async () => {
      for await (const chunk of found.body) {
        if (signal.aborted) throw signal.reason;
        const bytes = chunk as Buffer;
        if (first.length < 2) first = Buffer.concat([first, bytes.subarray(0, 2)]);
        hash.update(bytes);
        size += bytes.length;
        given.onProgress?.(size);
      }
    });
    const { etag, versionId, modifiedAt } = found;
    // The first two bytes of every gzip file (RFC 1952).
    const gzip = first[0] === 0x1f && first[1] === 0x8b;
    return { sha256: hash.digest('hex'), size, etag, versionId, modifiedAt, gzip };
  }

  /** The SHA-256 of what is there, in hex: as S3 has it, else by reading the object. `undefined` when nothing is there. */
  async sha256(key: string): Promise<string | undefined> {
    const head = await this.head(key);
    if (head === undefined) return undefined;
    return storedDigest(head) ?? (await this.digest(key))?.sha256;
  }

  async deletePrefix(prefix: string, onProgress: () => void): Promise<number> {
    let batch: { Key: string }[] = [];
    let deleted = 0;
    const flush = async (): Promise<void> => {
      if (batch.length === 0) return;
      const Delete = { Objects: batch, Quiet: true };
      const answer = await call(`DeleteObjects ${prefix}`, (options) =>
        this.s3.send(new DeleteObjectsCommand({ Bucket: this.name, Delete }), options),
      );
      const refused = answer.Errors?.[0];
      if (refused !== undefined) {
        const code = refused.Code ?? 'no code';
        throw failure(
          code === 'AccessDenied' ? 'AccessDenied' : 'ServiceUnavailable',
          `DeleteObjects ${refused.Key ?? prefix}: ${code}`,
        );
      }
      deleted += batch.length;
      batch = [];
      onProgress();
    };
    for await (const { key } of this.list(prefix)) {
      batch.push({ Key: key });
      if (batch.length === DELETED_AT_ONCE) await flush();
    }
    await flush();
    return deleted;
  }

  #document(key: string, value: unknown): { Bucket: string; Key: string; Body: string; ContentType: string } {
    return {
      Bucket: this.name,
      Key: key,
      Body: `${JSON.stringify(value, null, 1)}\n`,
      ContentType: 'application/json',
    };
  }

  async #get(
    key: string,
    versionId?: string,
  ): Promise<{ body: Readable; etag: string; versionId: string; modifiedAt: Date } | undefined> {
    const answer = await call(`GetObject ${key}`, async (options) => {
      try {
        const of = {
          Bucket: this.name,
          Key: key,
          ...(versionId === undefined ? {} : { VersionId: versionId }),
        };
        return await this.s3.send(new GetObjectCommand(of), options);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
    if (answer === undefined) return undefined;
    const { Body, ETag, VersionId, LastModified } = answer;
    if (!(Body instanceof Readable))
      throw failure('UnexpectedError', `GetObject ${key} answered without a body`);
    return {
      body: Body,
      etag: ETag ?? '',
      versionId: VersionId ?? 'null',
      modifiedAt: LastModified ?? new Date(0),
    };
  }

  async #conditional(
    what: string,
    send: (options: { abortSignal: AbortSignal }) => Promise<unknown>,
  ): Promise<boolean> {
    return await call(what, async (options) => {
      try {
        await send(options);
        return true;
      } catch (error) {
        if (isConditionLost(error)) return false;
        throw error;
      }
    });
  }
}
