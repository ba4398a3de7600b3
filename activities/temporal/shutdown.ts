/** What the emergency shutdown asks of Temporal: pause the schedules, tell the runs, see who works. */
import { activityInfo, getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client, ScheduleDescription } from '@temporalio/client';
import proto from '@temporalio/proto';
import pLimit from 'p-limit';
import type { ShutdownActivities } from '../../pipeline/activity-types.ts';
import { shutdownMark } from '../../pipeline/shutdown.ts';
import type { FoundRun, PausedSchedules } from '../../pipeline/shutdown.ts';
import { listOpenRuns } from './open-runs.ts';

type TemporalActivities = Pick<
  ShutdownActivities,
  'pauseSchedules' | 'listSchedules' | 'findOpenRuns' | 'tellOpenRuns' | 'findPollers'
>;

/** Requests under way at once: fifty runs are told in three rounds of a few milliseconds. */
const PARALLEL = 20;

export function createShutdownActivities(): TemporalActivities {
  return {
    async pauseSchedules({ pipeline }, { shutdown, note }) {
      const client = getClient();
      const schedules = await schedulesOf(client, pipeline);
      await Promise.all(
        schedules
          .filter(({ state }) => !state.paused)
          .map(({ scheduleId }) => client.schedule.getHandle(scheduleId).pause(note)),
      );
      return sorted(schedules, shutdown);
    },

    async listSchedules({ pipeline }) {
      return sorted(await schedulesOf(getClient(), pipeline), undefined);
    },

    findOpenRuns,

    async tellOpenRuns(_settings, { told, ...why }) {
      const client = getClient();
      const open = await findOpenRuns();
      const limit = pLimit(PARALLEL);
      await Promise.all(
        open.filter(({ runId }) => !told.includes(runId)).map((run) => limit(() => tell(client, run, why))),
      );
      return open;
    },

    async findPollers() {
      const client = getClient();
      const { pollers } = await client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: activityInfo().taskQueue },
        taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
      });
      return pollers.map(({ identity }) => identity ?? 'unnamed');
    },
  };
}

async function schedulesOf(client: Client, pipeline: string): Promise<ScheduleDescription[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(`${pipeline}-`)) ids.push(scheduleId);
  }
  const limit = pLimit(PARALLEL);
  return await Promise.all(ids.map((id) => limit(() => client.schedule.getHandle(id).describe())));
}

/** Those that an earlier try of the same shutdown has paused count as paused by it. */
function sorted(schedules: readonly ScheduleDescription[], shutdown: string | undefined): PausedSchedules {
  const before = schedules.filter(
    ({ state }) =>
      state.paused && (shutdown === undefined || !(state.note ?? '').startsWith(shutdownMark(shutdown))),
  );
  return {
    paused: schedules.filter((each) => !before.includes(each)).map(({ scheduleId }) => scheduleId),
    pausedBefore: before.map(({ scheduleId, state }) => ({ id: scheduleId, note: state.note ?? '' })),
  };
}

async function findOpenRuns(): Promise<FoundRun[]> {
  return (await listOpenRuns()).map(({ workflowId, runId, run }) => ({
    workflowId,
    runId,
    ...(run === undefined ? {} : { run }),
  }));
}

/** By signal: it is taken at once, also while no worker is free to answer. */
async function tell(
  client: Client,
  { workflowId, runId }: FoundRun,
  why: { readonly shutdown: string; readonly by: string; readonly reason: string },
): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId, runId).signal('emergencyShutdown', { ...why, run: runId });
  } catch (error) {
    // It has ended meanwhile.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
