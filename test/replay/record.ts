/**
 * Records the histories that every later version of the workflows must replay:
 *
 *     npm run record-histories [-- NAME …]
 *
 * One dev server and one run for each situation; without names, all of them. What belongs to no situation is removed.
 * Record only from a version that has landed (docs/architecture.md says when): a fixture of the code under test would
 * prove nothing about the runs that are open when it is deployed.
 */
import { startDevServer } from '../support/temporal/dev-server.ts';
import { recordedNames, removeHistory, writeHistory } from './histories.ts';
import { SITUATIONS } from './situations.ts';

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !SITUATIONS.some((situation) => situation.name === name));
if (unknown.length > 0) {
  console.error(
    `No such situation: ${unknown.join(', ')}. There are ${SITUATIONS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

for (const { name, record } of SITUATIONS) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const env = await startDevServer();
  try {
    const { workflowId, runId } = await record(env);
    const history = await env.client.workflow.getHandle(workflowId, runId).fetchHistory();
    const bytes = writeHistory(name, history);
    console.log(`${name}: ${history.events?.length} events, ${(bytes / 1024).toFixed(0)} KiB`);
  } finally {
    await env.teardown();
  }
}
for (const name of recordedNames()) {
  if (!SITUATIONS.some((situation) => situation.name === name)) removeHistory(name);
}
