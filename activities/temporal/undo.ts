/** Bringing back what an emergency shutdown stopped. Each can be repeated: what goes on already is left alone. */
import { activityInfo, getClient, heartbeat, sleep } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import pLimit from 'p-limit';
import { isOpenExecution, SEARCH_ATTRIBUTES } from '../../pipeline/executions.ts';
import type { UndoActivities } from '../../pipeline/procedures/activity-types.ts';
import { PIPELINE_WORKFLOW } from '../../pipeline/request.ts';
import type { PipelineRequest } from '../../pipeline/request.ts';
import { shutdownMark } from '../../pipeline/shutdown.ts';
import type { FoundRun } from '../../pipeline/shutdown.ts';
import type { StatusOf } from '../../pipeline/statuses.ts';
import { openExecution, unlessGone } from '../../systems/temporal/executions.ts';
import { TEMPORAL_AT_ONCE } from '../parallel.ts';
import { pausedBecause, signalOpen } from './open-runs.ts';
import { isPausedUnder } from './schedules.ts';

type TemporalActivities = Pick<UndoActivities, 'findStillStopped' | 'resumeRuns' | 'unpauseProcedures'>;

/** How long a resumed run may take to begin a stage: it asks the closed one what that had done, which replays it. */
const BEGUN_WITHIN_MS = 30_000;
const LOOK_MS = 250;

export function createUndoActivities(): TemporalActivities {
  return {
    async findStillStopped(_context, { shutdown, runs, schedules, procedures, chains, resumed = [] }) {
      const client = getClient();
      const deadline = Date.now() + BEGUN_WITHIN_MS;
      // The chain takes the workflow id; its next run takes over what the stopped one has claimed.
      const ofChains = new Set(chains.map(({ workflowId }) => workflowId));
      const wasResumed = new Set(resumed.map(({ runId }) => runId));
      const mark = shutdownMark(shutdown);
      return {
        runs: await those(
          runs.filter((run) => !ofChains.has(run.workflowId)),
          async (run) =>
            wasResumed.has(run.runId)
              ? !(await goesOn(client, run, deadline))
              : isStopped(await lastExecution(client, run.workflowId), run),
        ),
        schedules: await those(schedules.paused, (id) => isPausedUnder(client, id, mark)),
        procedures: await those(procedures, async (procedure) => {
          const reason = await pausedBecause(client, procedure);
          return reason?.startsWith(mark) === true;
        }),
        chains: await those(chains, async ({ workflowId }) => {
          return (await openExecution(client, workflowId)) === undefined;
        }),
      };
    },

    async resumeRuns(_context, { runs }) {
      const client = getClient();
      const { taskQueue } = activityInfo();
      const resumed = await those(runs, async (run) => {
        const { workflowId, runId } = run;
        const last = await lastExecution(client, workflowId);
        if (!isStopped(last, run)) return last?.runId !== runId;
        const request: PipelineRequest = { trigger: 'recovery', resumeFrom: { runId } };
        try {
          await client.workflow.start(PIPELINE_WORKFLOW, { workflowId, taskQueue, args: [request] });
        } catch (error) {
          if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
        }
        heartbeat({ resumed: workflowId });
        return true;
      });
      return { resumed: resumed.length };
    },

    async unpauseProcedures(_context, { procedures, by, reason }) {
      const client = getClient();
      for (const procedure of procedures) await signalOpen(client, procedure, 'resume', { by, reason });
    },
  };
}

/** Those of which something holds, as Temporal is asked about some at a time. */
async function those<T>(all: readonly T[], holds: (each: T) => Promise<boolean>): Promise<T[]> {
  const limit = pLimit(TEMPORAL_AT_ONCE);
  const found = await limit.map(all, async (each) => ((await holds(each)) ? [each] : []));
  return found.flat();
}

/** The last execution of a workflow id; `undefined` when the server has none any more. */
async function lastExecution(
  client: Client,
  workflowId: string,
): Promise<WorkflowExecutionDescription | undefined> {
  return await unlessGone(() => client.workflow.getHandle(workflowId).describe());
}

/**
 * Whether it was the shutdown that ended the run, or its execution was ended from outside, and nobody has brought it
 * back. A run that was told to abort or failed by itself in that moment is not brought back.
 */
function isStopped(last: WorkflowExecutionDescription | undefined, { runId }: FoundRun): boolean {
  if (last?.runId !== runId) return false;
  const { name } = last.status;
  if (name === 'TERMINATED' || name === 'TIMED_OUT') return true;
  const stopped: StatusOf<'run'> = 'Stopped';
  return !isOpenExecution(name) && attribute(last, SEARCH_ATTRIBUTES.status) === stopped;
}

/** Whether the run has completed, or works in another execution than the one that was stopped. */
async function goesOn(client: Client, { workflowId, runId }: FoundRun, deadline: number): Promise<boolean> {
  for (;;) {
    const last = await lastExecution(client, workflowId);
    if (last === undefined || last.runId === runId) return false;
    if (!isOpenExecution(last.status.name)) return last.status.name === 'COMPLETED';
    if (attribute(last, SEARCH_ATTRIBUTES.stage) !== undefined || Date.now() > deadline) return true;
    await sleep(LOOK_MS);
  }
}

function attribute(execution: WorkflowExecutionDescription, name: string): unknown {
  return execution.typedSearchAttributes.getAll().find(({ key }) => key.name === name)?.value;
}
