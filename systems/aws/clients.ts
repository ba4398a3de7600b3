/**
 * The AWS clients of a worker. Endpoints, region and credentials come from the standard environment, so the same code
 * talks to AWS and to what stands in for it.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GlueClient } from '@aws-sdk/client-glue';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';

import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

export interface AwsClients {
  readonly s3: S3Client;
  readonly glue: GlueClient;
  /** Never repeats a request by itself: for `StartJobRun`, whose repetition would start a second run. */
  readonly glueOnce: GlueClient;
  readonly sts: STSClient;
  readonly dynamo: DynamoDBDocumentClient;
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
}

const PATIENCE: Patience = {
  // A service that can be reached accepts within milliseconds.
  connection: 5_000,
  // All attempts of a call fit into the minute that short activities have.
  answer: 15_000,
  // The slowest single call (copying 5 GiB within S3) takes about a minute.
  copy: 120_000,
  // Shorter than the activity's limit, so that an unanswered start is noticed by the activity itself.
  start: 30_000,
};

/** Attempts of the SDK within one call; longer troubles are the activity's retry policy's. */
const SDK_ATTEMPTS = 3;

export function createAwsClients(patience: Patience = PATIENCE): AwsClients {
  const patient = { maxAttempts: SDK_ATTEMPTS, requestHandler: handler(patience, patience.answer) };
  const s3 = new S3Client({ ...patient, requestHandler: handler(patience, patience.copy) });
  const glue = new GlueClient(patient);
  const glueOnce = new GlueClient({ maxAttempts: 1, requestHandler: handler(patience, patience.start) });
  const sts = new STSClient(patient);
  const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(patient));
  return {
    s3,
    glue,
    glueOnce,
    sts,
    dynamo,
    close: () => {
      for (const client of [s3, glue, glueOnce, sts, dynamo]) client.destroy();
    },
  };
}

function handler({ connection }: Patience, answer: number): NonNullable<S3ClientConfig['requestHandler']> {
  return {
    connectionTimeout: connection,
    requestTimeout: answer,
    // Without it an unanswered request is only warned about, and waits for ever.
    throwOnRequestTimeout: true,
    // The limit above ends with the answer's first bytes; this one watches the rest.
    socketTimeout: answer,
    // Copies and hashes of a batch run eight at a time, twice over for two runs on one worker.
    httpsAgent: { maxSockets: 32 },
    httpAgent: { maxSockets: 32 },
  };
}
