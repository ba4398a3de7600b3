/**
 * The Temporal server that the client talks to, by the standard client configuration (profile file and TEMPORAL_*
 * variables). Nothing connects until it is used, so a command that only reads S3 needs no server.
 */
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Environment } from '../pipeline/settings.ts';

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
