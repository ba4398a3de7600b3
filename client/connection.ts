/**
 * What the client talks to: Temporal by the standard client configuration (profile file and TEMPORAL_* variables), AWS
 * by the standard SDK configuration. Nothing connects until it is used, so a command that only reads S3 needs no
 * Temporal server.
 */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GlueClient } from '@aws-sdk/client-glue';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Environment } from '../pipeline/settings.ts';

export interface AwsClients {
  readonly s3: S3Client;
  readonly dynamo: DynamoDBDocumentClient;
  readonly glue: GlueClient;
  readonly logs: CloudWatchLogsClient;
  readonly close: () => void;
}

/** A person waits for the answer: two retries ride over a hiccup, more would only delay the message. */
const AWS_ATTEMPTS = 3;

/** A service that can be reached accepts within milliseconds. */
const CONNECTION_MS = 5_000;

/** Silence on a connection that is a failure: S3 takes some seconds to answer when the last byte of 5 GiB has arrived. */
const SILENCE_MS = 30_000;

/**
 * @param environment the process environment, which the SDK reads by itself, or another that says the same for clients
 *   of a second stack in one process: AWS_REGION, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> and static keys
 */
export function connectAws(environment: Environment): AwsClients {
  const options = (service: string): ClientOptions =>
    environment === process.env ? COMMON_OPTIONS : explicitOptions(environment, service);
  const s3 = new S3Client(options('S3'));
  const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(options('DYNAMODB')));
  const glue = new GlueClient(options('GLUE'));
  const logs = new CloudWatchLogsClient(options('CLOUDWATCH_LOGS'));
  const close = (): void => {
    for (const client of [s3, dynamo, glue, logs]) client.destroy();
  };
  return { s3, dynamo, glue, logs, close };
}

const COMMON_OPTIONS = {
  maxAttempts: AWS_ATTEMPTS,
  requestHandler: { connectionTimeout: CONNECTION_MS, socketTimeout: SILENCE_MS },
};

interface ClientOptions {
  readonly maxAttempts: number;
  readonly requestHandler: { readonly connectionTimeout: number; readonly socketTimeout: number };
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

function explicitOptions(environment: Environment, service: string): ClientOptions {
  const endpoint = environment[`AWS_ENDPOINT_URL_${service}`] ?? environment['AWS_ENDPOINT_URL'];
  const region = environment['AWS_REGION'];
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = environment;
  return {
    ...COMMON_OPTIONS,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : {
          credentials: {
            accessKeyId,
            secretAccessKey,
            ...(sessionToken === undefined ? {} : { sessionToken }),
          },
        }),
  };
}

export interface TemporalLink {
  readonly client: Client;
  readonly address: string;
  readonly namespace: string;
  readonly close: () => Promise<void>;
}

/** The server, as messages name it. */
export function serverOf({ address }: Pick<TemporalLink, 'address'>): string {
  return `Temporal at ${address}`;
}

/** Long enough for TLS to a distant region, short enough for a person who mistyped the address. */
const CONNECT_TIMEOUT = '10s';

/** @param attempts how often a call is tried while the server does not answer */
export function connectTemporal(environment: Environment, attempts: number): TemporalLink {
  const overrideEnvVars: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined) overrideEnvVars[name] = value;
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({ overrideEnvVars });
  const connection = Connection.lazy({
    connectTimeout: CONNECT_TIMEOUT,
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions({ maxAttempts: attempts }))],
    ...connectionOptions,
  });
  return {
    client: new Client({ connection, namespace }),
    address: connectionOptions.address ?? 'localhost:7233',
    namespace,
    close: () => connection.close(),
  };
}
