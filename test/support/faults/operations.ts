/** Which operation of which service a request asks for, read from the request as it is on the wire. */
import { z } from 'zod';

/** A request, its body read to the end. */
export interface Request {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** As in `S3.GetObject`: the service's name and the operation's own. */
export type Operation = `${Service}.${string}`;

export const SERVICES = ['S3', 'DynamoDB', 'Glue', 'STS', 'IAM', 'Logs'] as const;
export type Service = (typeof SERVICES)[number];

/** What stands before the operation in `x-amz-target`. */
const TARGETS: Readonly<Record<string, Service>> = {
  AWSGlue: 'Glue',
  DynamoDB_20120810: 'DynamoDB',
  Logs_20140328: 'Logs',
};

const header = z.string().catch('');

export function operationOf(request: Request): Operation {
  const target = header.parse(request.headers['x-amz-target']);
  const [prefix = '', named = ''] = target.split('.');
  const service = TARGETS[prefix];
  if (service !== undefined) return `${service}.${named}`;
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/(\w+)\//.exec(header.parse(request.headers['authorization']));
  if (scope?.[1] === 'sts') return `STS.${actionOf(request)}`;
  if (scope?.[1] === 'iam') return `IAM.${actionOf(request)}`;
  return `S3.${storageOperationOf(request)}`;
}

/** The query protocol names its operation in a form. */
function actionOf({ body }: Request): string {
  return new URLSearchParams(body.toString()).get('Action') ?? 'unknown';
}

/** S3 has no names on the wire: an operation is a method on a bucket or a key with certain parameters. */
function storageOperationOf({ method, url, headers }: Request): string {
  const { pathname, searchParams: query } = new URL(url, 'http://s3');
  const isKey = /^\/[^/]+\/./.test(pathname);
  const isCopy = headers['x-amz-copy-source'] !== undefined;
  switch (method) {
    case 'HEAD':
      return isKey ? 'HeadObject' : 'HeadBucket';
    case 'GET':
      if (isKey) return 'GetObject';
      if (query.has('versioning')) return 'GetBucketVersioning';
      if (query.has('versions')) return 'ListObjectVersions';
      return query.get('list-type') === '2' ? 'ListObjectsV2' : `GET bucket ?${query.toString()}`;
    case 'PUT':
      if (query.has('partNumber')) return isCopy ? 'UploadPartCopy' : 'UploadPart';
      return isCopy ? 'CopyObject' : 'PutObject';
    case 'DELETE':
      return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'POST':
      if (query.has('delete')) return 'DeleteObjects';
      return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
    default:
      return `${method} ${isKey ? 'key' : 'bucket'}`;
  }
}

/** The service of an operation. */
export function serviceOf(operation: Operation): Service {
  const name = operation.split('.')[0];
  const service = SERVICES.find((known) => known === name);
  if (service === undefined) throw new Error(`${operation} is of no known service`);
  return service;
}
