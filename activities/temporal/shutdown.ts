/** What the emergency shutdown asks of Temporal: tell the runs, pause the procedures, see who works. */
import { activityInfo, getClient } from '@temporalio/activity';
import proto from '@temporalio/proto';
import pLimit from 'p-limit';
import type { ShutdownActivities } from '../../pipeline/activity-types.ts';
import { shutdownMark } from '../../pipeline/shutdown.ts';
import type { FoundRun } from '../../pipeline/shutdown.ts';
import { TEMPORAL_AT_ONCE } from '../parallel.ts';
import { listOpenProcedures, listOpenRuns, pausedBecause, signalOpen, unpauseOnServer } from './open-runs.ts';

type TemporalActivities = Pick<
  ShutdownActivities,
  'findOpenRuns' | 'tellRuns' | 'pauseProcedures' | 'findOpenProcedures' | 'findPollers'
>;

export function createShutdownActivities(): TemporalActivities {
  return {
    findOpenRuns: () => listOpenRuns(),

    async tellRuns(_settings, { runs, ...why }) {
      const client = getClient();
      await pLimit(TEMPORAL_AT_ONCE).map(runs, async (run) => {
        await signalOpen(client, run, 'emergencyShutdown', why);
        await unpauseOnServer(client, run);
      });
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

    async findOpenProcedures() {
      const client = getClient();
      const goingOn: FoundRun[] = [];
      for (const procedure of await listOpenProcedures()) {
        if ((await pausedBecause(client, procedure)) === undefined) goingOn.push(procedure);
      }
      return goingOn;
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
