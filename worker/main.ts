/** The worker process: reads its settings, connects, works until it is told to stop, and says what it does in logs. */
import { fileURLToPath } from 'node:url';
import { Runtime } from '@temporalio/worker';
import { createActivities } from '../activities/registry.ts';
import { createAwsClients } from '../activities/aws/clients.ts';
import { parseSettings, SettingsError, unknownSettings } from '../pipeline/settings.ts';
import { BUNDLE_PATH } from './bundle.ts';
import { connect } from './connection.ts';
import { createLogger, temporalLogger } from './logging.ts';
import { createWorker } from './worker.ts';

const { env } = process;
const logger = createLogger(env['MSP_LOG_LEVEL'] ?? 'info');

/** Where the build puts the Glue scripts. */
const scripts = env['MSP_SCRIPTS_DIR'] ?? fileURLToPath(new URL('../glue-scripts', import.meta.url));

/** `MSP_DEPLOYMENT` and `MSP_BUILD_ID` make it a versioned worker of Temporal's Worker Deployments. */
function deploymentVersion(): { deploymentName: string; buildId: string } | undefined {
  const { MSP_DEPLOYMENT: deploymentName, MSP_BUILD_ID: buildId } = env;
  if (deploymentName === undefined && buildId === undefined) return undefined;
  if (deploymentName === undefined || buildId === undefined) {
    throw new SettingsError('Set both MSP_DEPLOYMENT and MSP_BUILD_ID for a versioned worker, or neither');
  }
  return { deploymentName, buildId };
}

try {
  const settings = parseSettings(env);
  for (const variable of unknownSettings(env)) logger.warn({ variable }, 'Unknown setting, misspelt?');
  Runtime.install({
    logger: temporalLogger(logger),
    shutdownSignals: ['SIGINT', 'SIGTERM'],
    telemetryOptions: {
      // Without `forward` the core would write to stderr past our logger.
      logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
      ...(settings.metricsAddress === undefined
        ? {}
        : { metrics: { prometheus: { bindAddress: settings.metricsAddress, countersTotalSuffix: true } } }),
    },
  });

  const version = deploymentVersion();
  const clients = createAwsClients();
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
  process.exitCode = 1;
}
