/**
 * Reading a run's files from S3, and writing what a scripted outcome leaves there.
 */
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { parseS3Uri } from '../../pipeline/layout.ts';
import { messageOf } from '../stack/errors.ts';
import { AwsError } from './errors.ts';
import type { AwsCredentials } from './role.ts';

/** S3 as the job's role sees it. */
export interface ObjectStore {
  /** @throws AwsError */
  download(uri: string, file: string, what: string): Promise<void>;
  /** @throws AwsError for what is no S3 URI, and the SDK's errors */
  put(uri: string, body: string): Promise<void>;
  close(): void;
}

export type OpenObjectStore = (credentials: AwsCredentials) => ObjectStore;

/** The region comes from the settings, the endpoint from the standard environment variables. */
export function openS3(region: string): OpenObjectStore {
  return (credentials) => {
    const client = new S3Client({ region, credentials, followRegionRedirects: true });
    return {
      async download(uri, file, what) {
        const { bucket, key } = locationOf(uri, `Error downloading ${what}`);
        try {
          const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
          if (!(Body instanceof Readable)) throw new Error('the answer has no body');
          await pipeline(Body, createWriteStream(file));
        } catch (error) {
          throw downloadError(error, uri, what);
        }
      },
      async put(uri, body) {
        const { bucket, key } = locationOf(uri, 'Error writing an object');
        await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
      },
      close() {
        client.destroy();
      },
    };
  };
}

/** @throws AwsError that the job's owner can correct */
function locationOf(uri: string, problem: string): { bucket: string; key: string } {
  const location = parseS3Uri(uri);
  if (location !== undefined) return location;
  throw new AwsError(`${problem}: ${uri} is not of the form s3://BUCKET/KEY`, true);
}

/** What the SDK adds to the error of a call that was answered. */
const answeredSchema = z.object({ $metadata: z.object({ httpStatusCode: z.number() }) });

function downloadError(error: unknown, uri: string, what: string): AwsError {
  const name = error instanceof Error ? error.name : 'Error';
  const status = answeredSchema.safeParse(error).data?.$metadata.httpStatusCode;
  const detail = `${name}${status === undefined ? '' : ` (status code ${status})`}: ${messageOf(error)}`;
  const refused = status !== undefined && status >= 400 && status < 500;
  return new AwsError(`Error downloading ${what} ${uri}: ${detail}`, refused, { cause: error });
}
