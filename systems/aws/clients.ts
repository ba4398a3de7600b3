/**
 * The AWS clients of a process. Endpoints, region and credentials come from the standard environment, so the same code
 * talks to AWS and to what stands in for it. Nothing connects before it is used.
 */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GlueClient } from '@aws-sdk/client-glue';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Environment } from '../../pipeline/settings.ts';

export interface AwsClients {
  readonly s3: S3Client;
  readonly glue: GlueClient;
  /** Never repeats a request by itself: for `StartJobRun`, whose repetition would start a second run. */
  readonly glueOnce: GlueClient;
  readonly sts: STSClient;
  readonly dynamo: DynamoDBDocumentClient;
  readonly logs: CloudWatchLogsClient;
  close(): void;
}

/** How long a client waits, in milliseconds. */
export interface Patience {
  /** For a connection. */
  readonly connection: number;
  /** For the beginning of an answer, and for each next piece of it. */
  readonly answer: number;
  /** The same for S3, which answers a copy when it is done. */
  readonly copy: number;
  /** For the answer of a start, which is tried once. */
  readonly start: number;
  /** Only silence is limited, however long a request takes to be sent. */
  readonly slowRequests?: true;
}

/** A service that can be reached accepts within milliseconds. */
const CONNECTION_MS = 5_000;

export const PATIENCE_OF_A_WORKER: Patience = {
  connection: CONNECTION_MS,
  // All attempts of a call fit into the minute that short activities have.
  answer: 15_000,
  // The slowest single call (copying 5 GiB within S3) takes about a minute.
  copy: 120_000,
  // Shorter than the activity's limit, so that an unanswered start is noticed by the activity itself.
  start: 30_000,
};

/** Of a person who waits for the answer, and may send a file over a slow line. */
export const PATIENCE_OF_A_PERSON: Patience = {
  connection: CONNECTION_MS,
  answer: 30_000,
  // S3 takes some seconds to answer when the last byte of 5 GiB has arrived.
  copy: 30_000,
  start: 30_000,
  slowRequests: true,
};

/** Attempts of the SDK within one call: they ride over a hiccup. Longer troubles are the retry policy's, or a person's. */
const SDK_ATTEMPTS = 3;

/**
 * @param environment the process environment, which the SDK reads by itself, or another that says the same for clients
 *   of a second stack in one process: AWS_REGION, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> and static keys
 */
export function createAwsClients(patience: Patience, environment: Environment = process.env): AwsClients {
  const options = (service: string, answer = patience.answer): ClientOptions => ({
    maxAttempts: SDK_ATTEMPTS,
    requestHandler: handler(patience, answer),
    ...(environment === process.env ? {} : explicitOptions(environment, service)),
  });
  const s3 = new S3Client(options('S3', patience.copy));
  const glue = new GlueClient(options('GLUE'));
  const glueOnce = new GlueClient({ ...options('GLUE', patience.start), maxAttempts: 1 });
  const sts = new STSClient(options('STS'));
  const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(options('DYNAMODB')));
  const logs = new CloudWatchLogsClient(options('CLOUDWATCH_LOGS'));
  const close = (): void => {
    for (const client of [s3, glue, glueOnce, sts, dynamo, logs]) client.destroy();
  };
  return { s3, glue, glueOnce, sts, dynamo, logs, close };
}

type RequestHandler = NonNullable<S3ClientConfig['requestHandler']>;

function handler({ connection, slowRequests }: Patience, answer: number): RequestHandler {
  return {
    connectionTimeout: connection,
    // Without throwing, an unanswered request is only warned about, and waits for ever.
    ...(slowRequests === true ? {} : { requestTimeout: answer, throwOnRequestTimeout: true }),
    // The limit above ends with the answer's first bytes; this one watches the rest.
    socketTimeout: answer,
    // Copies and hashes of a batch run eight at a time, twice over for two runs on one worker.
    httpsAgent: { maxSockets: 32 },
    httpAgent: { maxSockets: 32 },
  };
}

interface Place {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

interface ClientOptions extends Place {
  readonly maxAttempts: number;
  readonly requestHandler: RequestHandler;
}

function explicitOptions(environment: Environment, service: string): Place {
  const endpoint = environment[`AWS_ENDPOINT_URL_${service}`] ?? environment['AWS_ENDPOINT_URL'];
  const region = environment['AWS_REGION'];
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = environment;
  const session = sessionToken === undefined ? {} : { sessionToken };
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey, ...session } }),
  };
}
