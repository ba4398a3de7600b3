/** The pipeline's schedules on the server: apply the declaration, list, pause, resume, trigger. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type Client,
  type ScheduleDescription,
} from '@temporalio/client';
import { z } from 'zod';
import { declaredSchedule } from '../pipeline/declared/schedules.ts';
import type { Settings } from '../pipeline/settings.ts';
import { describeSchedule, listScheduleIds, startsPipeline } from '../systems/temporal/schedules.ts';
import { listChains } from './chains.ts';
import { serverOf, type TemporalLink } from './connection.ts';
import { eachTried } from './each-tried.ts';
import { explain, notFound } from './errors.ts';
import { withoutUndefined } from './optional.ts';
import {
  describeTimes,
  differences,
  scheduleOptions,
  type ScheduleDifference,
} from './schedule-definition.ts';

export const scheduleSchema = z.object({
  /** Of the schedule; the workflow id of a cron chain. */
  id: z.string(),
  kind: z.enum(['declared', 'schedule', 'cron chain']),
  times: z.string(),
  paused: z.boolean(),
  /** Why it is paused, or what was last noted. */
  note: z.string().optional(),
  nextAt: z.string().optional(),
  lastRun: z.string().optional(),
  running: z.number(),
  /** Starts left out because an earlier run was still going. */
  skippedOverlap: z.number(),
  /** Starts missed for longer than the catch-up window. */
  missed: z.number(),
  /** What differs from the declaration. */
  differences: z.array(z.object({ field: z.string(), declared: z.string(), actual: z.string() })),
});
/** A schedule or a cron chain that starts the pipeline; moments in ISO 8601. */
export type ScheduleView = z.infer<typeof scheduleSchema>;

export const applyResultSchema = z.object({
  id: z.string(),
  outcome: z.enum(['created', 'updated', 'unchanged', 'removed', 'none']),
  differences: z.array(z.object({ field: z.string(), declared: z.string(), actual: z.string() })),
});
export type ApplyResult = z.infer<typeof applyResultSchema>;

/** The schedules that start the pipeline. Needs a Temporal server, no worker. */
export class Schedules {
  readonly #link: TemporalLink;
  readonly #client: Client;
  readonly #server: string;
  readonly #settings: Settings;

  constructor(link: TemporalLink, settings: Settings) {
    this.#link = link;
    this.#client = link.client;
    this.#server = serverOf(link);
    this.#settings = settings;
  }

  /**
   * Makes the declared schedule true: creates it, or updates what differs. A paused one stays paused. Where none is
   * declared, it removes the one of the declared id.
   * @param dryRun only tell what would change
   */
  async apply(options: { readonly dryRun?: boolean } = {}): Promise<ApplyResult> {
    const declared = declaredSchedule(this.#settings);
    const found = await this.#describe(declared.id);
    if (declared.cron === undefined) {
      if (found !== undefined && options.dryRun !== true)
        await this.#on(declared.id, (handle) => handle.delete());
      return { id: declared.id, outcome: found === undefined ? 'none' : 'removed', differences: [] };
    }
    if (found === undefined) {
      if (options.dryRun !== true) await this.#create();
      return { id: declared.id, outcome: 'created', differences: [] };
    }
    const different: ScheduleDifference[] = differences(declared, found);
    if (different.length === 0) return { id: declared.id, outcome: 'unchanged', differences: [] };
    if (options.dryRun !== true) {
      const { scheduleId: _id, memo: _memo, ...wanted } = scheduleOptions(declared);
      await this.#on(declared.id, (handle) => handle.update(({ state }) => ({ ...wanted, state })));
    }
    return { id: declared.id, outcome: 'updated', differences: different };
  }

  /** The schedules that start the pipeline, whatever they are called, with what differs from the declaration. */
  async list(): Promise<ScheduleView[]> {
    const declared = declaredSchedule(this.#settings);
    const ids = await listScheduleIds(this.#client).catch((error: unknown) => {
      throw explain(error, this.#server);
    });
    const described = await Promise.all(ids.map((id) => this.#describe(id)));
    return described.flatMap((found) => {
      if (found === undefined) return [];
      if (found.scheduleId === declared.id) return [viewOf(found, 'declared', differences(declared, found))];
      return startsPipeline(found, declared.taskQueue) ? [viewOf(found, 'schedule', [])] : [];
    });
  }

  /** The schedules, and the cron chains that start the pipeline. */
  async listWithChains(): Promise<ScheduleView[]> {
    const chains = await listChains(this.#link, this.#settings.taskQueue);
    const views = chains.map(({ workflowId, cron, nextAt }): ScheduleView => ({
      ...{ id: workflowId, kind: 'cron chain', times: cron, paused: false },
      ...{ running: nextAt === undefined ? 1 : 0, skippedOverlap: 0, missed: 0, differences: [] },
      ...withoutUndefined({ nextAt }),
    }));
    return [...(await this.list()), ...views];
  }

  /** @param reason stands in the schedule's note */
  async pause(id: string, reason: string): Promise<void> {
    await this.#on(id, (handle) => handle.pause(reason));
  }

  async resume(id: string, reason: string): Promise<void> {
    await this.#on(id, (handle) => handle.unpause(reason));
  }

  /**
   * Pauses every schedule of the pipeline that is not paused.
   * @param did told of each that this call has paused
   */
  async pauseAll(reason: string, did: (id: string) => void): Promise<void> {
    const running = (await this.list()).filter(({ paused }) => !paused);
    await eachTried(running, async ({ id }) => {
      await this.pause(id, reason);
      did(id);
    });
  }

  /** Starts a run now as the schedule would, also while it is paused. */
  async trigger(id: string): Promise<void> {
    await this.#on(id, (handle) => handle.trigger());
  }

  /** The id of the declared schedule. */
  get declaredId(): string {
    return declaredSchedule(this.#settings).id;
  }

  async #create(): Promise<void> {
    try {
      await this.#client.schedule.create(scheduleOptions(declaredSchedule(this.#settings)));
    } catch (error) {
      // Somebody created it meanwhile; what they created is compared at the next apply.
      if (!(error instanceof ScheduleAlreadyRunning)) throw explain(error, this.#server);
    }
  }

  async #describe(id: string): Promise<ScheduleDescription | undefined> {
    try {
      return await describeSchedule(this.#client, id);
    } catch (error) {
      throw explain(error, `schedule ${id}`);
    }
  }

  async #on(
    id: string,
    act: (handle: ReturnType<Client['schedule']['getHandle']>) => Promise<void>,
  ): Promise<void> {
    try {
      await act(this.#client.schedule.getHandle(id));
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) {
        throw notFound(`There is no schedule ${id}.`, 'msp schedules apply creates the declared one.', error);
      }
      throw explain(error, `schedule ${id}`);
    }
  }
}

function viewOf(
  found: ScheduleDescription,
  kind: ScheduleView['kind'],
  different: ScheduleDifference[],
): ScheduleView {
  const { info, state } = found;
  const optional = {
    note: state.note === '' ? undefined : state.note,
    nextAt: info.nextActionTimes[0]?.toISOString(),
    lastRun: info.recentActions.at(-1)?.action.workflow.workflowId,
  };
  return {
    id: found.scheduleId,
    kind,
    times: describeTimes(found),
    paused: state.paused,
    running: info.runningActions.length,
    skippedOverlap: info.numActionsSkippedOverlap,
    missed: info.numActionsMissedCatchupWindow,
    differences: different,
    ...withoutUndefined(optional),
  };
}
