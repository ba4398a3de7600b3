/**
 * A worker that kills itself with SIGKILL at given points, once at each: before an activity's work, or between its
 * answer and the server's record of it. Started as a process of its own by crash tests, from the built files.
 *
 *   CRASH_AT='startGlueRun:after:validation,publishPlays:before'   CRASH_DIR=folder that remembers what has been done
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createActivities } from '../../dist/activities/registry.js';
import { createAwsClients } from '../../dist/activities/aws/clients.js';
import { parseSettings } from '../../dist/pipeline/settings.js';
import { BUNDLE_PATH } from '../../dist/worker/bundle.js';
import { connect } from '../../dist/worker/connection.js';
import { createWorker } from '../../dist/worker/worker.js';

const { CRASH_AT = '', CRASH_DIR = '.' } = process.env;
const points = new Set(CRASH_AT.split(','));

function crashAt(point) {
  const done = join(CRASH_DIR, point.replaceAll(':', '-'));
  if (!points.has(point) || existsSync(done)) return;
  writeFileSync(done, '');
  process.kill(process.pid, 'SIGKILL');
}

function crashing(name, activity) {
  return async (...args) => {
    const stage = args[1]?.stage === undefined ? '' : `:${args[1].stage}`;
    crashAt(`${name}:before${stage}`);
    const result = await activity(...args);
    crashAt(`${name}:after${stage}`);
    return result;
  };
}

const settings = parseSettings(process.env);
const scripts = fileURLToPath(new URL('../../dist/glue-scripts', import.meta.url));
const activities = Object.entries(createActivities(createAwsClients(), settings, scripts));
const { connection, namespace } = await connect();
const worker = await createWorker({
  connection,
  namespace,
  taskQueue: settings.taskQueue,
  activities: Object.fromEntries(activities.map(([name, activity]) => [name, crashing(name, activity)])),
  workflows: { workflowBundle: { codePath: BUNDLE_PATH } },
});
await worker.run();
