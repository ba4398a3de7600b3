/**
 * Reset of the pipeline: stop what runs, keep a snapshot of the state, set back what was named, see that the ground is
 * good, and start anew under watch.
 *
 * Days are processed anew from their archived inputs, as a recovery does it: each file is delivered again under its own
 * key, marked so that what it brings replaces what it brought before. Until a run publishes that, readers see the days
 * as they were; nothing is unpublished, and nothing raw or archived is touched. Unless it is terminated, the
 * schedules that it paused go on in the end.
 */
import { ApplicationFailure, CancellationScope, log, sleep } from '@temporalio/workflow';
import type { Rerun } from '../../pipeline/procedures/activity-types.ts';
import type { PlanSummary } from '../../pipeline/procedures/plan.ts';
import { resetRequestSchema } from '../../pipeline/reset/request.ts';
import type { ParsedResetRequest, ResetRequest } from '../../pipeline/reset/request.ts';
import { resetMark } from '../../pipeline/shutdown.ts';
import type { Chain, FoundRun } from '../../pipeline/shutdown.ts';
import { stopping } from '../emergency-shutdown/activities.ts';
import { OpenRuns, stopLiveGlueRuns } from '../emergency-shutdown/stopping.ts';
import { long, quick } from '../procedures/activities.ts';
import { runProcedure } from '../procedures/procedure.ts';
import type { Ending, Procedure, ProcedureResult } from '../procedures/procedure.ts';
import { now } from '../shared/clock.ts';
import { plural } from '../../pipeline/format.ts';
import { requestOf } from '../shared/request.ts';

/** Time after which somebody must look why a run does not end; Glue itself stops within a minute. */
const STOP_HOURS = 2;

/** Interval of looks at what is still open: runs end within seconds, a Glue run within a minute. */
const LOOK_SECONDS = 2;

export async function pipelineReset(given: ResetRequest): Promise<ProcedureResult> {
  const request = requestOf(resetRequestSchema, given, 'reset');
  return await runProcedure('pipelineReset', request, (procedure) => new Reset(procedure, request).run());
}

class Reset {
  readonly #procedure: Procedure;
  readonly #request: ParsedResetRequest;
  /** Schedules that this reset has paused; unknown while a try to pause them has not succeeded. */
  #paused: readonly string[] | undefined = [];

  /** Cron chains that this reset has ended. */
  readonly #chains = new Map<string, Chain>();

  constructor(procedure: Procedure, request: ParsedResetRequest) {
    this.#procedure = procedure;
    this.#request = request;
  }

  async run(): Promise<Ending> {
    const agreed = await this.#procedure.agree(() => this.#plan());
    if ('outcome' in agreed) return agreed;
    try {
      this.#procedure.enter('acting');
      await this.#stop();
      const rerun = await this.#reset(agreed);
      await this.#prerequisites();
      this.#procedure.enter('verifying');
      return await this.#startAnew(agreed, rerun);
    } catch (error) {
      await CancellationScope.nonCancellable(() => this.#letGo());
      throw error;
    }
  }

  async #plan(): Promise<PlanSummary> {
    const given = { request: this.#request, now: now() };
    return await this.#procedure.step('RESET-0', async () => {
      const result = await long.planReset(this.#procedure.context, given);
      const { objects, days, lost } = result;
      return {
        result,
        summary: `${plural(objects, 'change')}, ${plural(days, 'day')}, ${lost} lost`,
      };
    });
  }

  async #stop(): Promise<void> {
    const { settings, owner } = this.#procedure.context;
    const { by, reason } = this.#request;
    const mark = resetMark(owner.run);
    await this.#procedure.step('RESET-1', async () => {
      const note = `${mark} by ${by}: ${reason}`;
      this.#paused = undefined;
      const { paused } = await stopping.pauseSchedules(settings, { mark, note });
      this.#paused = paused;
      const stopped = await this.#untilEnded(isAtWork);
      const schedules = `${plural(paused.length, 'schedule')} paused`;
      return { result: undefined, summary: `${plural(stopped, 'run')} stopped, ${schedules}` };
    });
    await this.#procedure.step('RESET-2', async () => {
      const ended = await this.#untilEnded(() => true);
      return { result: undefined, summary: `${plural(ended, 'waiting run')} ended` };
    });
  }

  /** Ends the runs that are asked for, and every Glue run. @returns how many runs were told to end */
  async #untilEnded(isMeant: (run: FoundRun) => boolean): Promise<number> {
    const { settings, owner } = this.#procedure.context;
    const { by, reason } = this.#request;
    const deadline = Date.now() + STOP_HOURS * 3_600_000;
    const open = new OpenRuns(isMeant, this.#chains);
    // A run that began in the same second is listed a moment later: the second quiet look sees it.
    for (let quiet = 0; quiet < 2;) {
      const runs = await open.tell(settings, { shutdown: owner.run, by, reason });
      const glueRuns = await stopLiveGlueRuns(settings);
      quiet = runs.length + glueRuns.length === 0 ? quiet + 1 : 0;
      if (Date.now() > deadline) {
        const left = [...runs.map((run) => run.workflowId), ...glueRuns.map((run) => run.jobRunId)];
        throw ApplicationFailure.nonRetryable(
          `After ${STOP_HOURS} hours these have not ended: ${left.join(', ')}`,
          'RunNotCompleted',
        );
      }
      if (quiet < 2) await sleep(LOOK_SECONDS * 1000);
    }
    return open.found.size;
  }

  /** A copy of the state before anything of it changes; repeating it keeps the first. */
  async #reset({ digest }: PlanSummary): Promise<Rerun & { readonly freed: number }> {
    return await this.#procedure.step('RESET-3', async () => {
      const { documents } = await long.takeSnapshot(this.#procedure.context, { digest, now: now() });
      const result = await long.resetState(this.#procedure.context, { digest, request: this.#request });
      const inputs = result.inputs.flat().length;
      const said = [
        `${plural(documents, 'document')} kept`,
        `${plural(result.freed, 'claim')} freed`,
        `${plural(inputs, 'input')} delivered again`,
      ];
      return { result, summary: said.join(', ') };
    });
  }

  async #prerequisites(): Promise<void> {
    const { context } = this.#procedure;
    await this.#procedure.step('RESET-4', async () => {
      const [identity, , structure, scripts, reference] = await Promise.all([
        quick.validateAwsConnection(),
        quick.checkTable(context.settings),
        quick.ensureStructure(context),
        quick.verifyGlueScripts(context),
        quick.checkReferenceData(context),
      ]);
      const made = structure.createdPrefixes.length + scripts.changedJobs.length;
      const summary = `${identity.arn}, reference data ${reference.version}, ${made} things put right`;
      return { result: undefined, summary };
    });
  }

  async #startAnew({ digest, lost }: PlanSummary, { inputs, dates }: Rerun): Promise<Ending> {
    const { restart, claims, all } = this.#request;
    const result = await this.#procedure.step('RESET-5', async (round) => {
      await this.#resumeSchedules('done');
      await this.#procedure.untilEarlierRunsEnd(round);
      const due = round > 1 ? await this.#stillDue(digest) : inputs;
      let runs = 0;
      const run = async (label: string, request: { inputs?: string[]; dates?: string[] }): Promise<void> => {
        runs += 1;
        await this.#procedure.pipelineRun('RESET-5', `${label}-${runs}`, request);
      };
      // Days that were put back have KPIs of another edition until they are computed.
      for (const days of dates) await run('dates', { dates: [...days] });
      if (restart) for (const keys of due) await run('inputs', { inputs: [...keys] });
      // Before files that are new to these days change them.
      const { days, lines } = await long.compareReset(this.#procedure.context, { digest });
      if (restart && (claims === true || all === true)) await run('first', {});
      const said = [runsText(runs), ...(days === 0 ? [] : [differText(days)])].join('; ');
      return { result: said, summary: [said, ...lines].join('; ') };
    });
    const named = lost === 0 ? '' : `; ${lost} could not be processed anew`;
    return { status: 'Completed', outcome: `reset; ${result}${named}`, incomplete: lost > 0 };
  }

  /** Before it gave up, an earlier round may have processed some. */
  async #stillDue(digest: string): Promise<Rerun['inputs']> {
    return (await long.findDueInputs(this.#procedure.context, { digest })).inputs;
  }

  async #resumeSchedules(how: string): Promise<void> {
    const { context } = this.#procedure;
    if (this.#chains.size > 0) await quick.startChains(context, { chains: [...this.#chains.values()] });
    this.#chains.clear();
    const schedules = this.#paused;
    if (schedules?.length === 0) return;
    const mark = resetMark(context.owner.run);
    await quick.unpauseSchedules(context, {
      ...(schedules === undefined ? {} : { schedules }),
      note: `${mark} ${how}`,
      mark,
    });
    this.#paused = [];
  }

  /** After an abort or a failure: what the reset holds up goes on. */
  async #letGo(): Promise<void> {
    try {
      await this.#resumeSchedules('ended early');
    } catch (error) {
      log.error('Schedules stay paused', { schedules: this.#paused, error });
    }
  }
}

/** Not one that waits for an operator, nor one that has not begun. */
function isAtWork({ status }: FoundRun): boolean {
  return status === 'Running' || status === 'Stopping';
}

function runsText(runs: number): string {
  return runs === 0 ? 'no run was started' : `${plural(runs, 'run')} completed`;
}

function differText(days: number): string {
  return `the numbers of ${plural(days, 'day')} differ`;
}
