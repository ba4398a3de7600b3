/**
 * Reading a run's files from S3, and writing what a scripted outcome leaves there.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { messageOf } from './errors.ts';
import type { AwsCredentials } from './role.ts';

export interface S3Location {
  readonly bucket: string;
  readonly key: string;
}

/** Takes apart `s3://bucket/key`. @throws TypeError for anything else. */
export function parseS3Uri(uri: string): S3Location {
  const match = /^s3[an]?:\/\/([^/]+)\/(.+)$/.exec(uri);
  const [, bucket, key] = match ?? [];
  if (bucket === undefined || key === undefined)
    throw new TypeError(`${uri} is not of the form s3://BUCKET/KEY`);
  return { bucket, key };
}

/** A file of the run that could not be fetched. `refused` when S3 said no, else S3 could not be asked. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  readonly refused: boolean;

  constructor(message: string, refused: boolean, options?: ErrorOptions) {
    super(message, options);
    this.refused = refused;
  }
}

/** S3 as the job's role sees it. */
export interface ObjectStore {
  /** @throws DownloadError */
  download(uri: string, file: string, what: string): Promise<void>;
  put(location: S3Location, body: string): Promise<void>;
  close(): void;
}

export type OpenObjectStore = (credentials: AwsCredentials) => ObjectStore;

/** The region comes from the settings, the endpoint from the standard environment variables. */
export function openS3(region: string): OpenObjectStore {
  return (credentials) => {
    const client = new S3Client({ region, credentials, followRegionRedirects: true });
    return {
      async download(uri, file, what) {
        const { bucket, key } = locationOf(uri, what);
        try {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
          if (!(Body instanceof Readable)) throw new Error('the answer has no body');
          await pipeline(Body, createWriteStream(file));
        } catch (error) {
          throw downloadError(error, uri, what);
        }
      },
      async put({ bucket, key }, body) {
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
      },
      close() {
        client.destroy();
      },
    };
  };
}

/** @throws DownloadError that the job's owner can correct */
function locationOf(uri: string, what: string): S3Location {
  try {
    return parseS3Uri(uri);
  } catch (error) {
    throw new DownloadError(`Error downloading ${what}: ${messageOf(error)}`, true, { cause: error });
  }
}

function downloadError(error: unknown, uri: string, what: string): DownloadError {
  const name = error instanceof Error ? error.name : 'Error';
  const text = error instanceof Error ? error.message : String(error);
  const status = statusOf(error);
  const detail = `${name}${status === undefined ? '' : ` (status code ${status})`}: ${text}`;
  const refused = status !== undefined && status >= 400 && status < 500;
  return new DownloadError(`Error downloading ${what} ${uri}: ${detail}`, refused, { cause: error });
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
