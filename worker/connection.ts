/**
 * The worker's connection to Temporal, by the standard client configuration: a profile in `temporal.toml`, overridden
 * by `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS…`, as the `temporal` CLI reads them.
 */
import { isGrpcServiceError } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';

/** What gRPC calls a thing that is not there. */
const NOT_FOUND = 5;

export interface TemporalConnection {
  readonly connection: NativeConnection;
  readonly namespace: string;
}

/** @throws Error naming what is wrong: a variable, the namespace, or the address when the server does not answer */
export async function connect(): Promise<TemporalConnection> {
  const { connectionOptions, namespace = 'default' } = configuration();
  const { address = '127.0.0.1:7233', ...options } = connectionOptions;
  try {
    const connection = await NativeConnection.connect({ ...options, address });
    await connection.workflowService.describeNamespace({ namespace });
    return { connection, namespace };
  } catch (error) {
    const isUnknown = isGrpcServiceError(error) && (error.code as number) === NOT_FOUND;
    const what = isUnknown
      ? `Temporal at ${address} has no namespace ${namespace}. Create it, or correct TEMPORAL_NAMESPACE or the profile.`
      : `Temporal does not answer at ${address}. Start the server, or correct TEMPORAL_ADDRESS or the profile.`;
    throw new Error(what, { cause: error });
  }
}

/** Variables that name a profile or a file; others may be secret. */
const NAMING = /^TEMPORAL_(PROFILE|CONFIG_FILE|TLS_\w+_PATH)$/;

function configuration(): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig();
  } catch (error) {
    const given = Object.entries(process.env).filter(([name]) => NAMING.test(name));
    const listed = given.map(([name, value]) => `${name}=${value ?? ''}`).join(', ');
    const why = error instanceof Error ? error.message : String(error);
    const what = `The configuration of the Temporal client can't be read: ${why}.`;
    throw new Error(`${what} Correct ${listed === '' ? 'temporal.toml' : listed}.`, { cause: error });
  }
}
