/** Bringing back what an emergency shutdown stopped. Each can be repeated: what goes on already is left alone. */
import { activityInfo, getClient, heartbeat, sleep } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import pLimit from 'p-limit';
import { isOpenExecution, SEARCH_ATTRIBUTES } from '../../pipeline/executions.ts';
import type { UndoActivities } from '../../pipeline/procedures/activity-types.ts';
import { PIPELINE_WORKFLOW } from '../../pipeline/request.ts';
import type { PipelineRequest } from '../../pipeline/request.ts';
import { shutdownMark } from '../../pipeline/shutdown.ts';
import type { FoundRun } from '../../pipeline/shutdown.ts';
import type { StatusOf } from '../../pipeline/statuses.ts';
import { openExecution } from '../../systems/temporal/executions.ts';
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
      const limit = pLimit(TEMPORAL_AT_ONCE);
      const deadline = Date.now() + BEGUN_WITHIN_MS;
      // The chain takes the workflow id; its next run takes over what the stopped one has claimed.
      const ofChains = new Set(chains.map(({ workflowId }) => workflowId));
      const wasResumed = new Set(resumed.map(({ runId }) => runId));
      const stopped = await Promise.all(
        runs
          .filter((run) => !ofChains.has(run.workflowId))
          .map((run) =>
            limit(async () => {
              const stands = wasResumed.has(run.runId)
                ? !(await goesOn(client, run, deadline))
                : isStopped(await lastExecution(client, run.workflowId), run);
              return stands ? [run] : [];
            }),
          ),
      );
      const mark = shutdownMark(shutdown);
      const paused = await Promise.all(
        schedules.paused.map((id) =>
          limit(async () => ((await isPausedUnder(client, id, mark)) ? [id] : [])),
        ),
      );
      const waiting = await Promise.all(
        procedures.map(async (procedure) => {
          const reason = await pausedBecause(client, procedure);
          return reason?.startsWith(mark) === true ? [procedure] : [];
        }),
      );
      const ended = await Promise.all(
        chains.map((chain) =>
          limit(async () => ((await openExecution(client, chain.workflowId)) === undefined ? [chain] : [])),
        ),
      );
      return {
        runs: stopped.flat(),
        schedules: paused.flat(),
        procedures: waiting.flat(),
        chains: ended.flat(),
      };
    },

    async resumeRuns(_context, { runs }) {
      const client = getClient();
      const { taskQueue } = activityInfo();
      const limit = pLimit(TEMPORAL_AT_ONCE);
      const resumed = await Promise.all(
        runs.map((run) =>
          limit(async () => {
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
          }),
        ),
      );
      return { resumed: resumed.filter((each) => each).length };
    },

    async unpauseProcedures(_context, { procedures, by, reason }) {
      const client = getClient();
      for (const procedure of procedures) await signalOpen(client, procedure, 'resume', { by, reason });
    },
  };
}

/** The last execution of a workflow id; `undefined` when the server has none any more. */
async function lastExecution(
  client: Client,
  workflowId: string,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
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
