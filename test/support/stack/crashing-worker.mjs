/**
 * A worker that kills at given points of its activities, by SIGKILL and once at each: itself, the Temporal server or
 * local Glue. Started as a process of its own by crash tests, from the built files.
 *
 * A point is `VICTIM@SITE:MOMENT`. A site is `WORKFLOW.ACTIVITY`, then `.STAGE` where the activity has one, then `#2` for
 * the second time that the workflow performs it, and so on. Moments: `before` its work; `sent-N`, while its Nth write is
 * on its way, so that chance decides whether it arrives; `answered-N`, right after that; `after`, between the activity's
 * answer and the server's record of it.
 *
 * `CRASH_DIR` is the folder of a CrashingWorkers: `armed/` has a file for each point, which moves to `reached/`, and
 * `journal` gets a line for each activity when it is begun and when it is done. `CRASH_STACK` is the stack's file, which knows the processes.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { activityInfo } from '@temporalio/activity';
import { createActivities } from '../../../dist/activities/registry.js';
import { createAwsClients, PATIENCE_OF_A_WORKER } from '../../../dist/systems/aws/clients.js';
import { startOf } from '../../../dist/local/glue/processes.js';
import { parseSettings } from '../../../dist/pipeline/settings.js';
import { BUNDLE_PATH } from '../../../dist/worker/bundle.js';
import { connect } from '../../../dist/worker/connection.js';
import { createWorker } from '../../../dist/worker/worker.js';

const { CRASH_DIR = '.', CRASH_STACK = '' } = process.env;

/** The activity that is at work: its site and the writes that it has sent. */
const current = new AsyncLocalStorage();

/** Ids of the activities that a workflow has performed at a site, in their order. A retry has the id of the first try. */
const performed = new Map();

function siteOf(stage) {
  const { workflowType, activityType, activityId, workflowExecution } = activityInfo();
  const site = [workflowType, activityType, ...(stage === undefined ? [] : [stage])].join('.');
  const place = `${workflowExecution?.runId} ${site}`;
  const ids = performed.get(place) ?? [];
  performed.set(place, ids);
  if (!ids.includes(activityId)) ids.push(activityId);
  const time = ids.indexOf(activityId) + 1;
  return time === 1 ? site : `${site}#${time}`;
}

async function reach(site, moment) {
  for (const victim of ['worker', 'temporal', 'glue']) {
    const point = `${victim}@${site}:${moment}`;
    if (!disarm(point)) continue;
    if (victim === 'worker') process.kill(process.pid, 'SIGKILL');
    else await killed(victim);
  }
}

/** Moving a file is atomic: no two workers kill at one point. */
function disarm(point) {
  try {
    renameSync(join(CRASH_DIR, 'armed', point), join(CRASH_DIR, 'reached', point));
    return true;
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

/** Returns when the process is gone, so that the activity goes on without it. */
async function killed(victim) {
  const { pid, startedAt } = JSON.parse(readFileSync(CRASH_STACK, 'utf8')).processes[victim];
  if (startOf(pid) !== startedAt) return;
  process.kill(pid, 'SIGKILL');
  while (startOf(pid) === startedAt) await sleep(5);
}

function crashing(activity) {
  return async (...args) => {
    const site = siteOf(args[1]?.stage);
    const at = { site, writes: [] };
    return await current.run(at, async () => {
      note(at);
      await reach(site, 'before');
      const result = await activity(...args);
      note(at);
      await reach(site, 'after');
      return result;
    });
  };
}

function note(at) {
  appendFileSync(join(CRASH_DIR, 'journal'), `${JSON.stringify(at)}\n`);
}

/** @param send hands the request over and waits for its answer */
async function writing(what, send) {
  const at = current.getStore();
  if (at === undefined) return await send();
  at.writes.push(what);
  const nth = at.writes.length;
  const answer = send();
  // Whatever kills it must not leave a rejection unheard.
  answer.catch(() => undefined);
  // A request that is handed over is on its way within a turn of the event loop or two.
  await setImmediate();
  await setImmediate();
  await reach(at.site, `sent-${nth}`);
  const answered = await answer;
  await reach(at.site, `answered-${nth}`);
  return answered;
}

const READS = /^(Get|Head|List|Describe|BatchGet|Query|Scan)/;

function watchAws({ middlewareStack }) {
  middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) =>
        READS.test(commandName) ? await next(args) : await writing(commandName, () => next(args)),
    // Right before the request handler, where the request is signed already. The SDK's own retries are writes as well.
    { step: 'deserialize', name: 'crashing', priority: 'low' },
  );
}

/** What activities change through Temporal. */
const TEMPORAL_WRITES = [
  'startWorkflowExecution',
  'signalWorkflowExecution',
  'patchSchedule',
  'updateSchedule',
];

function watchTemporal({ workflowService }) {
  for (const name of TEMPORAL_WRITES) {
    const send = workflowService[name].bind(workflowService);
    workflowService[name] = (...args) => writing(name, () => send(...args));
  }
}

const settings = parseSettings(process.env);
const scripts = fileURLToPath(new URL('../../../dist/glue-scripts', import.meta.url));
const clients = createAwsClients(PATIENCE_OF_A_WORKER);
for (const client of [clients.s3, clients.glue, clients.glueOnce, clients.dynamo]) watchAws(client);
const { connection, namespace } = await connect();
watchTemporal(connection);
const activities = Object.entries(createActivities(clients, settings, scripts));
const worker = await createWorker({
  connection,
  namespace,
  taskQueue: settings.taskQueue,
  activities: Object.fromEntries(activities.map(([name, activity]) => [name, crashing(activity)])),
  workflows: { workflowBundle: { codePath: BUNDLE_PATH } },
});
await worker.run();
