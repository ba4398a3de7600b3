/** Bringing back what an emergency shutdown stopped. Each can be repeated: what goes on already is left alone. */
import { activityInfo, getClient, heartbeat } from '@temporalio/activity';
import {
  ScheduleNotFoundError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import pLimit from 'p-limit';
import type { UndoActivities } from '../../pipeline/procedures/activity-types.ts';
import { PIPELINE_WORKFLOW } from '../../pipeline/request.ts';
import type { PipelineRequest } from '../../pipeline/request.ts';
import { shutdownMark } from '../../pipeline/shutdown.ts';
import type { FoundRun } from '../../pipeline/shutdown.ts';
import { pausedBecause, signalOpen } from './open-runs.ts';

type TemporalActivities = Pick<
  UndoActivities,
  'findStillStopped' | 'resumeRuns' | 'unpauseProcedures' | 'unpauseSchedules'
>;

/** Requests under way at once. */
const PARALLEL = 20;

export function createUndoActivities(): TemporalActivities {
  return {
    async findStillStopped(_context, { shutdown, runs, schedules, procedures }) {
      const client = getClient();
      const limit = pLimit(PARALLEL);
      const stopped = await Promise.all(
        runs.map((run) => limit(async () => ((await isStopped(client, run)) ? [run] : []))),
      );
      const paused = await Promise.all(
        schedules.paused.map((id) =>
          limit(async () => ((await isPausedBy(client, id, shutdown)) ? [id] : [])),
        ),
      );
      const waiting = await Promise.all(
        procedures.map(async (procedure) => {
          const reason = await pausedBecause(client, procedure);
          return reason?.startsWith(shutdownMark(shutdown)) === true ? [procedure] : [];
        }),
      );
      return { runs: stopped.flat(), schedules: paused.flat(), procedures: waiting.flat() };
    },

    async resumeRuns(_context, { runs }) {
      const client = getClient();
      const { taskQueue } = activityInfo();
      const limit = pLimit(PARALLEL);
      await Promise.all(
        runs.map(({ workflowId, runId }) =>
          limit(async () => {
            const request: PipelineRequest = { trigger: 'recovery', resumeFrom: { runId } };
            try {
              await client.workflow.start(PIPELINE_WORKFLOW, { workflowId, taskQueue, args: [request] });
            } catch (error) {
              if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
            }
            heartbeat({ resumed: workflowId });
          }),
        ),
      );
      return { resumed: runs.length };
    },

    async unpauseProcedures(_context, { procedures, by, reason }) {
      const client = getClient();
      for (const procedure of procedures) await signalOpen(client, procedure, 'resume', { by, reason });
    },

    async unpauseSchedules(_context, { schedules, note }) {
      const client = getClient();
      await Promise.all(schedules.map((id) => client.schedule.getHandle(id).unpause(note)));
    },
  };
}

/** Whether the execution that was stopped is still the last one of its workflow id. */
async function isStopped(client: Client, { workflowId, runId }: FoundRun): Promise<boolean> {
  try {
    const last = await client.workflow.getHandle(workflowId).describe();
    return last.runId === runId && !['RUNNING', 'PAUSED', 'COMPLETED'].includes(last.status.name);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function isPausedBy(client: Client, id: string, shutdown: string): Promise<boolean> {
  try {
    const { state } = await client.schedule.getHandle(id).describe();
    return state.paused && (state.note ?? '').startsWith(shutdownMark(shutdown));
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}
