/**
 * The worker's connection to Temporal, by the standard client configuration: a profile in `temporal.toml`, overridden
 * by `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS…`, as the `temporal` CLI reads them.
 */
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';

export interface TemporalConnection {
  readonly connection: NativeConnection;
  readonly namespace: string;
}

/** @throws Error naming the address when the server does not answer */
export async function connect(): Promise<TemporalConnection> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const { address = '127.0.0.1:7233', ...options } = connectionOptions;
  try {
    return { connection: await NativeConnection.connect({ ...options, address }), namespace };
  } catch (error) {
    const what = `Temporal does not answer at ${address}. Start the server, or correct TEMPORAL_ADDRESS or the profile.`;
    throw new Error(what, { cause: error });
  }
}
