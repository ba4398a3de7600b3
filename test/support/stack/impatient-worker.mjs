/**
 * A worker that waits a second for an answer of AWS and not minutes, so that tests need not either. Started as a
 * process of its own by tests of faults, from the built files.
 */
import { fileURLToPath } from 'node:url';
import { createActivities } from '../../../dist/activities/registry.js';
import { createAwsClients } from '../../../dist/systems/aws/clients.js';
import { parseSettings } from '../../../dist/pipeline/settings.js';
import { BUNDLE_PATH } from '../../../dist/worker/bundle.js';
import { connect } from '../../../dist/worker/connection.js';
import { createWorker } from '../../../dist/worker/worker.js';

/** Ten times what the stand-ins need; where they need more while Spark has both cores, that is one more fault. */
const ANSWER_MS = 1_000;

const settings = parseSettings(process.env);
const scripts = fileURLToPath(new URL('../../../dist/glue-scripts', import.meta.url));
const clients = createAwsClients({
  connection: ANSWER_MS,
  answer: ANSWER_MS,
  copy: ANSWER_MS,
  start: ANSWER_MS,
});
const { connection, namespace } = await connect();
const worker = await createWorker({
  connection,
  namespace,
  taskQueue: settings.taskQueue,
  activities: createActivities(clients, settings, scripts),
  workflows: { workflowBundle: { codePath: BUNDLE_PATH } },
});
await worker.run();
