/**
 * The emergency shutdown: everything of the pipeline stops within seconds, nothing is lost, and what was stopped is
 * written down so that it can be undone.
 *
 * The guide's five steps. The first two begin together, because each second counts: schedules are paused, every run is
 * told, every Glue run is stopped. Then it looks again and again until nothing of the pipeline is open: a run that began
 * in the same second is told in the next look, and no new one can begin. Runs set their own unfinished output aside;
 * for Glue runs without a run this does it. Claims stay, so that a resumed run finds its files its own.
 *
 * A step that fails does not hold up the others: it is named, and tried again with the next look. When nothing but
 * failing steps is left to wait for, the shutdown ends after some minutes, incomplete, so that it can be undone. Every
 * step can be repeated, so a worker that is killed in between, or a second shutdown, changes nothing.
 */
import {
  ApplicationFailure,
  CancellationScope,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { LiveGlueRun } from '../../pipeline/glue-run.ts';
import { ownerOfToken } from '../../pipeline/glue-run.ts';
import type { RunSettings } from '../../pipeline/run-context.ts';
import { shutdownMark, shutdownRequestSchema } from '../../pipeline/shutdown.ts';
import type {
  FoundRun,
  PausedSchedules,
  ShutdownReport,
  ShutdownRequest,
  StoppedGlueRun,
  UndoPlan,
} from '../../pipeline/shutdown.ts';
import { long, quick } from '../pipeline/activities.ts';
import { now } from '../shared/clock.ts';
import { failureOf } from '../shared/failure.ts';
import { searchAttributes } from '../shared/search-attributes.ts';
import { requestOf } from '../shared/request.ts';
import { ownRunId } from '../shared/run-id.ts';
import { documenting, stopping } from './activities.ts';
import { describeShutdown } from './details.ts';
import { statusQuery } from './messages.ts';
import type { ShutdownResult, ShutdownStatus } from './messages.ts';
import { stepsAt } from './steps.ts';
import type { Problems, Task } from './steps.ts';
import { OpenRuns, stopLiveGlueRuns } from './stopping.ts';

/** Interval of looks at what is still open: dense while things end within seconds, then sparing the history. */
const FIRST_LOOK_SECONDS = 1;
const LONGEST_LOOK_SECONDS = 30;
const LOOK_GROWTH = 1.5;

/** A shutdown without its report has stopped all the same. */
const REPORT_TASK = 'write the report';

/** What a look has found. */
interface Look {
  /** Nothing has failed. */
  readonly whole: boolean;
  /** Not known to have ended. */
  readonly open: readonly string[];
  /** What is open and was told to end: it is waited for. */
  readonly ending: readonly string[];
}

export async function emergencyShutdown(given: ShutdownRequest): Promise<ShutdownResult> {
  return await new Shutdown(given).run();
}

class Shutdown {
  readonly #runs = new OpenRuns();
  readonly #glueRuns = new Map<string, StoppedGlueRun>();
  /** As Glue said when it was last asked with success. */
  #liveGlueRuns: readonly string[] = [];
  /** Since when each task that fails has failed. */
  readonly #failingSince = new Map<Task, number>();
  #status: ShutdownStatus;

  constructor(given: ShutdownRequest) {
    const { by, reason, dryRun } = requestOf(shutdownRequestSchema, given, 'shutdown');
    this.#status = {
      shutdown: ownRunId(),
      by,
      reason,
      dryRun,
      phase: 'stopping',
      steps: dryRun ? [] : stepsAt('stopping', {}),
      schedules: { paused: [], pausedBefore: [] },
      runs: [],
      procedures: [],
      chains: [],
      open: [],
      glueRuns: [],
      problems: {},
      requestedAt: null,
    };
    setHandler(statusQuery, () => this.#status, {
      description: 'What is stopped and what is not yet',
    });
    upsertSearchAttributes([
      { key: searchAttributes.run, value: this.#status.shutdown },
      { key: searchAttributes.status, value: 'Stopping' },
    ]);
  }

  /** A cancellation does not stop a shutdown half-way. */
  async run(): Promise<ShutdownResult> {
    return await CancellationScope.nonCancellable(() => this.#run());
  }

  async #run(): Promise<ShutdownResult> {
    const settings = await quick.readRunSettings();
    if (this.#status.dryRun) return await this.#survey(settings);

    await this.#stopEverything(settings);
    const saved = this.#savePlan(settings);
    const stillOpen = await this.#untilAllHasEnded(settings);

    this.#change({ phase: 'securing' });
    const orphanObjects = await this.#try('set unfinished output aside', () => this.#secureOrphans(settings));

    this.#change({ phase: 'documenting' });
    await saved;
    const report = await this.#try(REPORT_TASK, () =>
      this.#document(settings, orphanObjects ?? 0, stillOpen),
    );
    this.#change({ phase: 'done' });
    const wrong = Object.entries(this.#status.problems).map(([task, message]) => `${task}: ${message}`);
    upsertSearchAttributes([
      { key: searchAttributes.status, value: wrong.length === 0 ? 'Completed' : 'Failed' },
    ]);
    if (wrong.length > 0) {
      const { problems, shutdown } = this.#status;
      const said = Object.keys(problems).every((task) => task === REPORT_TASK)
        ? 'Everything is stopped, but the report is missing'
        : 'Not all of the shutdown could be done; ask for it again';
      const written = report === undefined ? '' : `The report is ${report.markdown}. `;
      throw ApplicationFailure.nonRetryable(
        `${said}. ${wrong.join('; ')}. ${written}What it did is undone with msp resume --shutdown ${shutdown}`,
        'ShutdownIncomplete',
        this.#result(report ?? null),
      );
    }
    return this.#result(report ?? null);
  }

  async #stopEverything(settings: RunSettings): Promise<Look> {
    const [schedules, procedures, runs, glueRuns] = await Promise.all([
      this.#try('pause the schedules', () => this.#pauseSchedules(settings)),
      this.#try('pause the procedures', () => this.#pauseProcedures(settings)),
      this.#try('tell the runs', () => this.#tellRuns(settings)),
      this.#try('stop the Glue runs', () => this.#stopGlueRuns(settings)),
    ]);
    const whole = [schedules, procedures, runs, glueRuns].every((result) => result !== undefined);
    if (whole && this.#status.requestedAt === null) this.#change({ requestedAt: now() });
    const open = [...this.#runs.open.map(({ workflowId }) => workflowId), ...this.#liveGlueRuns];
    this.#change({ open });
    return { whole, open, ending: [...(runs ?? []), ...(glueRuns ?? [])] };
  }

  async #try<T>(task: Task, work: () => Promise<T>): Promise<T | undefined> {
    const began = Date.now();
    try {
      const result = await work();
      this.#failingSince.delete(task);
      this.#change({ problems: without(this.#status.problems, task) });
      return result;
    } catch (error) {
      this.#failingSince.set(task, this.#failingSince.get(task) ?? began);
      const { type, message } = failureOf(error);
      this.#change({ problems: { ...this.#status.problems, [task]: `${type}: ${message}` } });
      return undefined;
    }
  }

  async #pauseSchedules(settings: RunSettings): Promise<PausedSchedules> {
    const { shutdown, by, reason } = this.#status;
    const mark = shutdownMark(shutdown);
    const note = `${mark} by ${by}: ${reason}`;
    const schedules = await stopping.pauseSchedules(settings, { mark, note });
    this.#change({ schedules });
    return schedules;
  }

  async #pauseProcedures(settings: RunSettings): Promise<readonly FoundRun[]> {
    const { shutdown, by, reason } = this.#status;
    const procedures = await stopping.pauseProcedures(settings, { shutdown, by, reason });
    this.#change({ procedures });
    return procedures;
  }

  async #survey(settings: RunSettings): Promise<ShutdownResult> {
    const [schedules, runs, glueRuns, procedures] = await Promise.all([
      stopping.listSchedules(settings),
      stopping.findOpenRuns(settings),
      quick.findLiveGlueRuns({ settings }),
      stopping.findOpenProcedures(settings),
    ]);
    await this.#runs.readChains(settings, runs);
    for (const run of runs) this.#runs.found.set(run.runId, run);
    this.#remember(glueRuns);
    this.#change({ phase: 'done', schedules, procedures });
    upsertSearchAttributes([{ key: searchAttributes.status, value: 'Completed' }]);
    return this.#result(null);
  }

  async #tellRuns(settings: RunSettings): Promise<string[]> {
    const { shutdown, by, reason } = this.#status;
    const open = await this.#runs.tell(settings, { shutdown, by, reason });
    return open.map(({ workflowId }) => workflowId);
  }

  async #stopGlueRuns(settings: RunSettings): Promise<string[]> {
    const live = await stopLiveGlueRuns(settings, (found) => {
      this.#liveGlueRuns = found.map(({ jobRunId }) => jobRunId);
      this.#remember(found);
    });
    return live.map(({ jobRunId }) => jobRunId);
  }

  /** @returns what is still open when the time is over */
  async #untilAllHasEnded(settings: RunSettings): Promise<readonly string[]> {
    const deadline = Date.now() + settings.shutdownWaitHours * 3_600_000;
    let seconds = FIRST_LOOK_SECONDS;
    for (let quiet = 0; ;) {
      const { whole, open, ending } = await this.#stopEverything(settings);
      quiet = whole && open.length === 0 ? quiet + 1 : 0;
      // A run that began in the same second is listed a moment later: the second quiet look sees it.
      if (quiet === 2) return [];
      if (!whole && ending.length === 0 && this.#isUnanswered(settings)) return open;
      if (Date.now() > deadline) {
        const what = `after ${settings.shutdownWaitHours} hours these have not ended: ${open.join(', ')}`;
        const { problems } = this.#status;
        if (open.length > 0) this.#change({ problems: { ...problems, 'wait for the end': what } });
        return open;
      }
      await sleep(seconds * 1000);
      seconds = quiet > 0 ? FIRST_LOOK_SECONDS : Math.min(seconds * LOOK_GROWTH, LONGEST_LOOK_SECONDS);
    }
  }

  /** Whether every step that fails has done so for as long as it is waited for. */
  #isUnanswered({ shutdownUnansweredMinutes }: RunSettings): boolean {
    const limit = Date.now() - shutdownUnansweredMinutes * 60_000;
    return [...this.#failingSince.values()].every((since) => since <= limit);
  }

  /** Runs that were told set their output aside themselves. */
  async #secureOrphans(settings: RunSettings): Promise<number> {
    const orphans = [...this.#glueRuns.values()].filter(({ orphan }) => orphan);
    let objects = 0;
    for (const { run, token, jobRunId } of orphans) {
      const owner = ownerOfToken(token);
      if (owner === undefined || run === undefined) continue;
      const { by, reason } = this.#status;
      const record = { stoppedAt: now(), by, reason, stage: null, checkpoints: [] };
      const context = { owner: { ...owner, run }, settings };
      objects += (await long.secureStoppedRun(context, { jobRunIds: [jobRunId], record })).objects;
    }
    return objects;
  }

  get #plan(): UndoPlan {
    const { shutdown, by, reason, schedules, procedures } = this.#status;
    const runs = [...this.#runs.found.values()];
    const chains = [...this.#runs.chains.values()];
    return {
      ...{ version: 1, shutdown, by, reason, stoppedAt: now(), schedules, runs, chains },
      procedures: [...procedures],
    };
  }

  /** For whoever finds the shutdown terminated; the report tells when the plan can't be written. */
  async #savePlan(settings: RunSettings): Promise<void> {
    try {
      await stopping.saveUndoPlan(settings, { ...this.#plan, unfinished: true });
    } catch {
      // It is written again in the end.
    }
  }

  async #document(
    settings: RunSettings,
    orphanObjects: number,
    stillOpen: readonly string[],
  ): Promise<ShutdownReport> {
    const [tableItems, pollers] = await Promise.all([
      stopping.countTableItems(settings).catch(() => null),
      stopping.findPollers().catch(() => []),
    ]);
    const { requestedAt, problems } = this.#status;
    return await documenting.writeShutdownReport(settings, {
      plan: this.#plan,
      requestedAt,
      finishedAt: now(),
      glueRuns: [...this.#glueRuns.values()],
      orphanObjects,
      tableItems,
      pollers,
      stillOpen,
      problems,
    });
  }

  #remember(live: readonly LiveGlueRun[]): void {
    const watched = new Set([...this.#runs.found.values()].map(({ workflowId }) => workflowId));
    for (const glueRun of live) {
      const orphan = !watched.has(ownerOfToken(glueRun.token)?.workflowId ?? '');
      this.#glueRuns.set(glueRun.jobRunId, { ...glueRun, orphan });
    }
  }

  #change(change: Partial<ShutdownStatus>): void {
    // A Glue run may be found before its run is.
    this.#remember([...this.#glueRuns.values()]);
    const found = {
      runs: [...this.#runs.found.values()],
      chains: [...this.#runs.chains.values()],
      glueRuns: [...this.#glueRuns.values()],
    };
    const status = { ...this.#status, ...found, ...change };
    this.#status = { ...status, steps: status.dryRun ? [] : stepsAt(status.phase, status.problems) };
    setCurrentDetails(describeShutdown(this.#status));
  }

  #result(report: ShutdownReport | null): ShutdownResult {
    const { phase, open, ...kept } = this.#status;
    return { ...kept, report };
  }
}

function without(problems: Problems, task: Task): Problems {
  const { [task]: _done, ...left } = problems;
  return left;
}
