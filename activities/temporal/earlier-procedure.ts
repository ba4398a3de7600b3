/** Which procedure is at work already: of those that exclude each other the one that began first goes on. Reads only. */
import { activityInfo, getClient, sleep } from '@temporalio/activity';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { z } from 'zod';
import { isOpenExecution, waitsForItsTime } from '../../pipeline/executions.ts';
import type { ProcedureActivities, ProcedureAtWork } from '../../pipeline/procedures/activity-types.ts';
import type { FoundRun } from '../../pipeline/shutdown.ts';
import { RUN, unlessGone } from '../../systems/temporal/executions.ts';
import { listOpenProcedures } from './open-runs.ts';

/** A list lags some hundred milliseconds behind, with Elasticsearch a second. */
const LISTED_WITHIN_MS = 2_000;

/** A procedure answers at once; who started it is worth no longer wait. */
const ANSWERED_WITHIN_MS = 2_000;

const timelineSchema = z.array(
  z.object({ what: z.string(), by: z.string().optional(), reason: z.string().optional() }),
);

export function createEarlierProcedureActivities(): Pick<ProcedureActivities, 'findEarlierProcedure'> {
  return {
    async findEarlierProcedure(_context, { among, settled }) {
      const client = getClient();
      const { workflowExecution, scheduledTimestampMs } = activityInfo();
      if (workflowExecution === undefined) return null;
      const own = await client.workflow
        .getHandle(workflowExecution.workflowId, workflowExecution.runId)
        .describe();
      // By the server's clock, as the time of the start is.
      const age = scheduledTimestampMs - own.startTime.getTime();
      if (settled && age < LISTED_WITHIN_MS) await sleep(LISTED_WITHIN_MS - age);
      const open = await listOpenProcedures(among);
      const described = await Promise.all(open.map((found) => describeOpen(client, found)));
      const [first] = described
        .flatMap((found) => found ?? [])
        // What had this workflow id before has ended, though the list may not know yet.
        .filter((found) => found.workflowId !== own.workflowId && isBefore(found, own))
        .sort((a, b) => (isBefore(a, b) ? -1 : 1));
      if (first === undefined) return null;
      const listed = open.find(({ runId }) => runId === first.runId);
      return { ...(await toldBy(client, first)), ...(listed?.run === undefined ? {} : { run: listed.run }) };
    },
  };
}

/** @returns `undefined` for what has ended, as the list may not know yet, and for what a cron chain has not begun yet */
async function describeOpen(
  client: Client,
  { workflowId, runId }: FoundRun,
): Promise<WorkflowExecutionDescription | undefined> {
  const described = await unlessGone(() => client.workflow.getHandle(workflowId, runId).describe());
  if (described === undefined) return undefined;
  const { status, executionTime, typedSearchAttributes } = described;
  const run = typedSearchAttributes.get(RUN);
  const begun = !waitsForItsTime({ executionTime, run }, new Date());
  return isOpenExecution(status.name) && begun ? described : undefined;
}

function isBefore(one: WorkflowExecutionDescription, other: WorkflowExecutionDescription): boolean {
  const [began, otherBegan] = [one.startTime.getTime(), other.startTime.getTime()];
  if (began !== otherBegan) return began < otherBegan;
  return one.workflowId < other.workflowId;
}

async function toldBy(client: Client, found: WorkflowExecutionDescription): Promise<ProcedureAtWork> {
  const { workflowId, runId, type, startTime } = found;
  const known = { workflowId, runId, procedure: type, startedAt: startTime.toISOString() };
  try {
    const timeline: unknown = await client.withDeadline(Date.now() + ANSWERED_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId, runId).query('timeline'),
    );
    const started = timelineSchema.parse(timeline).find(({ what }) => what === 'started');
    const { by, reason } = started ?? {};
    return { ...known, ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
  } catch {
    // Its name is enough.
    return known;
  }
}
