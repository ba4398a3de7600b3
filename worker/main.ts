/** The worker process: reads its settings, connects, works until it is told to stop, and says what it does in logs. */
import { fileURLToPath } from 'node:url';
import { Runtime } from '@temporalio/worker';
import { createActivities } from '../activities/registry.ts';
import { createAwsClients, PATIENCE_OF_A_WORKER } from '../systems/aws/clients.ts';
import {
  givenIn,
  parseSettings,
  SettingsError,
  unknownSettings,
  variableOf,
  type Settings,
} from '../pipeline/settings.ts';
import { BUNDLE_PATH } from './bundle.ts';
import { connect } from './connection.ts';
import { createLogger, temporalLogger } from './logging.ts';
import { createWorker } from './worker.ts';

const { env } = process;
const logger = createLogger();

/** Where the build puts the Glue scripts. */
const scripts = givenIn(env, 'MSP_SCRIPTS_DIR') ?? fileURLToPath(new URL('../glue-scripts', import.meta.url));

/** `MSP_DEPLOYMENT` and `MSP_BUILD_ID` make it a versioned worker of Temporal's Worker Deployments. */
function deploymentVersion(): { deploymentName: string; buildId: string } | undefined {
  const deploymentName = givenIn(env, 'MSP_DEPLOYMENT');
  const buildId = givenIn(env, 'MSP_BUILD_ID');
  if (deploymentName === undefined && buildId === undefined) return undefined;
  if (deploymentName === undefined || buildId === undefined) {
    const given =
      deploymentName === undefined ? `MSP_BUILD_ID=${buildId ?? ''}` : `MSP_DEPLOYMENT=${deploymentName}`;
    throw new SettingsError(
      `Only ${given} is set: set both MSP_DEPLOYMENT and MSP_BUILD_ID for a versioned worker, or neither`,
    );
  }
  return { deploymentName, buildId };
}

/** @throws SettingsError when the metrics' address can't be had */
function installRuntime({ metricsAddress }: Settings): void {
  try {
    Runtime.install({
      logger: temporalLogger(logger),
      shutdownSignals: ['SIGINT', 'SIGTERM'],
      telemetryOptions: {
        // Without `forward` the core would write to stderr past our logger.
        logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
        ...(metricsAddress === undefined
          ? {}
          : { metrics: { prometheus: { bindAddress: metricsAddress, countersTotalSuffix: true } } }),
      },
    });
  } catch (error) {
    if (metricsAddress === undefined) throw error;
    const what = `Metrics can't be served at ${variableOf('metricsAddress')}=${metricsAddress}`;
    const why = error instanceof Error ? error.message : String(error);
    throw new SettingsError(`${what}: ${why}. Free the port, or name another.`, { cause: error });
  }
}

try {
  const settings = parseSettings(env);
  logger.level = settings.logLevel;
  for (const variable of unknownSettings(env)) logger.warn({ variable }, 'Unknown setting, misspelt?');
  const version = deploymentVersion();
  installRuntime(settings);

  const clients = createAwsClients(PATIENCE_OF_A_WORKER);
  const { connection, namespace } = await connect();
  try {
    const { taskQueue } = settings;
    const worker = await createWorker({
      connection,
      namespace,
      taskQueue,
      activities: createActivities(clients, settings, scripts),
      workflows: { workflowBundle: { codePath: BUNDLE_PATH } },
      version,
    });
    logger.info({ namespace, taskQueue, pipeline: settings.pipeline, version }, 'Worker ready');
    await worker.run();
    logger.info('Worker stopped');
  } finally {
    await connection.close();
    clients.close();
  }
} catch (error) {
  logger.fatal({ err: error }, error instanceof Error ? error.message : String(error));
  // The SDK's runtime listens to signals and serves metrics as long as the process lives; nothing is left to do here.
  process.exit(1);
}
