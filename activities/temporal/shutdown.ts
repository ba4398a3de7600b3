/** What the emergency shutdown asks of Temporal: pause the schedules, tell the runs, see who works. */
import { activityInfo, getClient } from '@temporalio/activity';
import type { Client, ScheduleDescription } from '@temporalio/client';
import proto from '@temporalio/proto';
import pLimit from 'p-limit';
import type { ShutdownActivities } from '../../pipeline/activity-types.ts';
import { shutdownMark } from '../../pipeline/shutdown.ts';
import type { FoundRun, PausedSchedules } from '../../pipeline/shutdown.ts';
import { listOpenProcedures, listOpenRuns, pausedBecause, signalOpen } from './open-runs.ts';

type TemporalActivities = Pick<
  ShutdownActivities,
  'pauseSchedules' | 'listSchedules' | 'findOpenRuns' | 'tellRuns' | 'pauseProcedures' | 'findPollers'
>;

/** Requests under way at once: fifty runs are told in three rounds of a few milliseconds. */
const PARALLEL = 20;

export function createShutdownActivities(): TemporalActivities {
  return {
    async pauseSchedules({ pipeline }, { mark, note }) {
      const client = getClient();
      const schedules = await schedulesOf(client, pipeline);
      await Promise.all(
        schedules
          .filter(({ state }) => !state.paused)
          .map(({ scheduleId }) => client.schedule.getHandle(scheduleId).pause(note)),
      );
      return sorted(schedules, mark);
    },

    async listSchedules({ pipeline }) {
      return sorted(await schedulesOf(getClient(), pipeline), undefined);
    },

    findOpenRuns: () => listOpenRuns(),

    async tellRuns(_settings, { runs, ...why }) {
      const client = getClient();
      const limit = pLimit(PARALLEL);
      await Promise.all(runs.map((run) => limit(() => signalOpen(client, run, 'emergencyShutdown', why))));
    },

    async pauseProcedures(_settings, { shutdown, by, reason }) {
      const client = getClient();
      const why = { by, reason: `${shutdownMark(shutdown)}: ${reason}` };
      const paused: FoundRun[] = [];
      for (const procedure of await listOpenProcedures()) {
        const before = await pausedBecause(client, procedure);
        if (before !== undefined && !before.startsWith(shutdownMark(shutdown))) continue;
        if (before === undefined) await signalOpen(client, procedure, 'pause', why);
        paused.push(procedure);
      }
      return paused;
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

/** Ids of the pipeline's schedules that are not paused. */
export async function runningSchedules(pipeline: string): Promise<string[]> {
  const schedules = await schedulesOf(getClient(), pipeline);
  return schedules.flatMap(({ scheduleId, state }) => (state.paused ? [] : [scheduleId]));
}

async function schedulesOf(client: Client, pipeline: string): Promise<ScheduleDescription[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(`${pipeline}-`)) ids.push(scheduleId);
  }
  const limit = pLimit(PARALLEL);
  return await Promise.all(ids.map((id) => limit(() => client.schedule.getHandle(id).describe())));
}

/** Those that an earlier try has paused, under the same mark, count as paused by it. */
function sorted(schedules: readonly ScheduleDescription[], mark: string | undefined): PausedSchedules {
  const before = schedules.filter(
    ({ state }) => state.paused && (mark === undefined || !(state.note ?? '').startsWith(mark)),
  );
  return {
    paused: schedules.filter((each) => !before.includes(each)).map(({ scheduleId }) => scheduleId),
    pausedBefore: before.map(({ scheduleId, state }) => ({ id: scheduleId, note: state.note ?? '' })),
  };
}
