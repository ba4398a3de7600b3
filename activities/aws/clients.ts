/**
 * The AWS clients of a worker. Endpoints, region and credentials come from the standard environment, so the same code
 * talks to AWS and to what stands in for it.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GlueClient } from '@aws-sdk/client-glue';
import { S3Client } from '@aws-sdk/client-s3';
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

const limits = {
  // A service that can be reached accepts within milliseconds.
  connectionTimeout: 5_000,
  // Time to the answer's beginning; the slowest single call (copying 5 GiB within S3) takes about a minute.
  requestTimeout: 120_000,
  // Copies and hashes of a batch run eight at a time, twice over for two runs on one worker.
  httpsAgent: { maxSockets: 32 },
  httpAgent: { maxSockets: 32 },
};

/** Attempts of the SDK within one call; longer troubles are the activity's retry policy's. */
const SDK_ATTEMPTS = 3;

export function createAwsClients(): AwsClients {
  const patient = { maxAttempts: SDK_ATTEMPTS, requestHandler: limits };
  const s3 = new S3Client(patient);
  const glue = new GlueClient(patient);
  const glueOnce = new GlueClient({
    maxAttempts: 1,
    // Shorter than the activity's limit, so that an unanswered start is noticed by the activity itself.
    requestHandler: { ...limits, requestTimeout: 30_000 },
  });
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
