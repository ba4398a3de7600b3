/** A versioned bucket in memory, behind an ordinary S3 client: for thousands of short runs, where a server takes too long. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { activityCaller } from '../../../activities/call.ts';
import { Bucket } from '../../../systems/s3/bucket.ts';
import type { Buckets } from '../../../systems/systems.ts';

interface Version {
  readonly id: string;
  /** Absent in a delete marker. */
  readonly body?: Buffer;
  readonly etag: string;
  readonly at: Date;
}

type Conditions = Readonly<{ IfMatch?: string | undefined; IfNoneMatch?: string | undefined }>;

export class MemoryBucket {
  readonly #s3 = new S3Client({ region: 'eu-west-1' });
  /** The bucket as activities have it, under whichever name. */
  readonly systems: Buckets = { bucket: (name) => new Bucket(this.#s3, activityCaller, name) };
  /** Called before each write; what it throws is what the writer gets, and nothing is written. */
  beforeWrite: ((key: string) => void) | undefined;
  readonly #objects = new Map<string, Version[]>();
  #clock = Date.parse('2026-01-01T00:00:00Z');
  #made = 0;

  constructor() {
    const mock = mockClient(this.#s3);
    mock.on(ListObjectsV2Command).callsFake(({ Prefix = '' }: { Prefix?: string }) => ({
      Contents: this.keys(Prefix).map((Key) => {
        const { body, etag, at } = this.#get(Key);
        return { Key, Size: body.length, ETag: etag, LastModified: at };
      }),
    }));
    mock.on(GetObjectCommand).callsFake(({ Key, VersionId }: Of) => {
      const { body, ...version } = this.#get(Key, VersionId);
      return { ...described(version), Body: Readable.from([body]) };
    });
    mock.on(HeadObjectCommand).callsFake(({ Key, VersionId }: Of) => {
      const { body, ...version } = this.#get(Key, VersionId);
      const ChecksumSHA256 = createHash('sha256').update(body).digest('base64');
      return { ...described(version), ContentLength: body.length, ChecksumSHA256 };
    });
    mock
      .on(PutObjectCommand)
      .callsFake(({ Key, Body, ...conditions }: Of & Conditions & { Body: string }) => {
        this.#write(Key, Buffer.from(Body), conditions);
        return {};
      });
    mock.on(CopyObjectCommand).callsFake(({ Key, CopySource }: Of & { CopySource: string }) => {
      const [path = '', version] = CopySource.split('?versionId=');
      const source = decodeURIComponent(path.slice(path.indexOf('/') + 1));
      this.#write(Key, this.#get(source, version).body, {});
      return {};
    });
    mock.on(DeleteObjectCommand).callsFake(({ Key, ...conditions }: Of & Conditions) => {
      this.#check(Key, conditions);
      this.beforeWrite?.(Key);
      this.#add(Key, undefined);
      return {};
    });
    mock.on(DeleteObjectsCommand).callsFake(({ Delete }: { Delete: { Objects: Of[] } }) => {
      for (const { Key } of Delete.Objects) this.#add(Key, undefined);
      return {};
    });
  }

  put(key: string, body: string): void {
    this.#add(key, Buffer.from(body));
  }

  remove(key: string): void {
    this.#add(key, undefined);
  }

  keys(prefix: string): string[] {
    return [...this.#objects.keys()]
      .filter((key) => key.startsWith(prefix) && this.text(key) !== undefined)
      .sort();
  }

  text(key: string): string | undefined {
    return this.#objects.get(key)?.at(-1)?.body?.toString();
  }

  #add(key: string, body: Buffer | undefined): void {
    this.#made += 1;
    this.#clock += 1_000;
    const etag = `"${createHash('md5')
      .update(body ?? '')
      .digest('hex')}"`;
    const version = { id: `v${this.#made}`, etag, at: new Date(this.#clock) };
    this.#objects.set(key, [
      ...(this.#objects.get(key) ?? []),
      body === undefined ? version : { ...version, body },
    ]);
  }

  #get(key: string, id?: string): Required<Version> {
    const versions = this.#objects.get(key);
    const found = id === undefined ? versions?.at(-1) : versions?.find((version) => version.id === id);
    if (found?.body === undefined) throw answer('NoSuchKey', 404);
    return { ...found, body: found.body };
  }

  #write(key: string, body: Buffer, conditions: Conditions): void {
    this.#check(key, conditions);
    this.beforeWrite?.(key);
    this.#add(key, body);
  }

  #check(key: string, { IfMatch, IfNoneMatch }: Conditions): void {
    const current = this.#objects.get(key)?.at(-1);
    const etag = current?.body === undefined ? undefined : current.etag;
    const lost = (IfNoneMatch !== undefined && etag !== undefined) || (IfMatch ?? etag) !== etag;
    if (lost) throw answer('PreconditionFailed', 412);
  }
}

interface Of {
  readonly Key: string;
  readonly VersionId?: string;
}

function described({ id, etag, at }: Omit<Version, 'body'>): object {
  return { VersionId: id, ETag: etag, LastModified: at };
}

function answer(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
}
