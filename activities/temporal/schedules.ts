/**
 * The schedules that start the pipeline: on what they start they are recognised, whatever they are called. Each is
 * paused with a note that begins with a mark of who does it, and resumed only where that mark still stands.
 */
import { activityInfo, getClient } from '@temporalio/activity';
import type { Client, ScheduleDescription } from '@temporalio/client';
import pLimit from 'p-limit';
import type { ShutdownActivities } from '../../pipeline/activity-types.ts';
import type { UndoActivities } from '../../pipeline/procedures/activity-types.ts';
import { isResetNote, noteBefore, noteOver, resetMark } from '../../pipeline/shutdown.ts';
import type { PausedSchedules } from '../../pipeline/shutdown.ts';
import { describeSchedule, listScheduleIds, startsPipeline } from '../../systems/temporal/schedules.ts';
import { TEMPORAL_AT_ONCE } from '../parallel.ts';
import { listOpenProcedures } from './open-runs.ts';

type ScheduleActivities = Pick<ShutdownActivities, 'pauseSchedules' | 'listSchedules'> &
  Pick<UndoActivities, 'unpauseSchedules'>;

export function createScheduleActivities(): ScheduleActivities {
  return {
    async pauseSchedules(_settings, { mark, note }) {
      const client = getClient();
      const { toPause, found } = sorted(await pipelineSchedules(client), {
        mark,
        overResets: !isResetNote(note),
      });
      await pLimit(TEMPORAL_AT_ONCE).map(toPause, ({ scheduleId, state }) => {
        const noted = state.paused ? noteOver(note, state.note ?? '') : note;
        return client.schedule.getHandle(scheduleId).pause(noted);
      });
      return found;
    },

    async listSchedules() {
      return sorted(await pipelineSchedules(getClient()), { overResets: true }).found;
    },

    async unpauseSchedules(_context, { schedules, note, mark }) {
      const client = getClient();
      const ids = schedules ?? (await pipelineSchedules(client)).map(({ scheduleId }) => scheduleId);
      await pLimit(TEMPORAL_AT_ONCE).map(ids, (id) => unpause(client, id, note, mark));
    },
  };
}

/** Ids of the pipeline's schedules that are not paused. */
export async function runningSchedules(): Promise<string[]> {
  const schedules = await pipelineSchedules(getClient());
  return schedules.flatMap(({ scheduleId, state }) => (state.paused ? [] : [scheduleId]));
}

/** Whether the schedule is paused, with a note that begins with the mark. */
export async function isPausedUnder(client: Client, id: string, mark: string): Promise<boolean> {
  const found = await describeSchedule(client, id);
  return found !== undefined && isMarked(found, mark);
}

async function pipelineSchedules(client: Client): Promise<ScheduleDescription[]> {
  const { taskQueue } = activityInfo();
  const ids = await listScheduleIds(client);
  const described = await pLimit(TEMPORAL_AT_ONCE).map(ids, (id) => describeSchedule(client, id));
  return described.flatMap((found) =>
    found !== undefined && startsPipeline(found, taskQueue) ? [found] : [],
  );
}

/**
 * Those that an earlier try has paused, under the same mark, count as paused by it. What a reset has paused becomes the
 * shutdown's: the reset would resume it when it ends.
 */
function sorted(
  schedules: readonly ScheduleDescription[],
  { mark, overResets }: { readonly mark?: string; readonly overResets: boolean },
): { readonly toPause: readonly ScheduleDescription[]; readonly found: PausedSchedules } {
  const toPause = schedules.filter(
    ({ state }) => !state.paused || (overResets && isResetNote(state.note ?? '')),
  );
  const isOurs = (each: ScheduleDescription): boolean =>
    toPause.includes(each) || (mark !== undefined && isMarked(each, mark));
  const before = schedules.filter((each) => !isOurs(each));
  return {
    toPause,
    found: {
      paused: schedules.filter(isOurs).map(({ scheduleId }) => scheduleId),
      pausedBefore: before.map(({ scheduleId, state }) => ({ id: scheduleId, note: state.note ?? '' })),
    },
  };
}

function isMarked({ state }: ScheduleDescription, mark: string): boolean {
  return state.paused && (state.note ?? '').startsWith(mark);
}

/** Leaves alone what somebody else has paused meanwhile, or resumed. */
async function unpause(client: Client, id: string, note: string, mark: string | undefined): Promise<void> {
  const found = await describeSchedule(client, id);
  if (found === undefined || (mark !== undefined && !isMarked(found, mark))) return;
  const handle = client.schedule.getHandle(id);
  const before = noteBefore(found.state.note ?? '');
  if (before !== undefined && (await isOpenReset(before))) await handle.pause(before);
  else await handle.unpause(note);
}

/** Whether the reset that had paused a schedule is still at work: it resumes the schedule itself. */
async function isOpenReset(note: string): Promise<boolean> {
  const open = await listOpenProcedures();
  return open.some(({ run }) => run !== undefined && note.startsWith(`${resetMark(run)} by `));
}
