/**
 * Glue runs that begin and end when a test says so, as the pipeline's activities see them. Like Glue's own they are
 * found by their token, go on until they end or are stopped, and can't be started twice with one token while they live.
 */
import { cancellationSignal, sleep } from '@temporalio/activity';
import type { EndedGlueRun } from '../../../pipeline/activity-types.ts';
import type { LiveGlueRun } from '../../../pipeline/glue-run.ts';
import { answersToken } from '../../../pipeline/glue-run.ts';
import type { ScriptName, StageName } from '../../../pipeline/stages.ts';
import { succeeded } from './fake-activities.ts';
import type { Replacements } from './fake-activities.ts';

/** Between two looks of the waiting activity. */
const LOOK_MS = 20;

interface Run extends LiveGlueRun {
  readonly stage: StageName;
  ended: EndedGlueRun | undefined;
}

export class GlueInHand {
  readonly runs: Run[] = [];
  readonly #waiting: ReadonlySet<StageName>;

  /** @param waiting stages whose runs go on until {@link end}; those of the others succeed at once */
  constructor(...waiting: StageName[]) {
    this.#waiting = new Set(waiting);
  }

  /** Ends the runs in flight. */
  end(ended: EndedGlueRun = succeeded): void {
    for (const run of this.runs) run.ended ??= ended;
  }

  /** Ids and states of a stage's runs, in the order of their starts. */
  of(stage: StageName): string[] {
    return this.runs.flatMap((run) => (run.stage === stage ? [run.ended?.state ?? 'RUNNING'] : []));
  }

  get activities(): Pick<
    Required<Replacements>,
    'startGlueRun' | 'awaitGlueRun' | 'stopGlueRun' | 'findLiveGlueRuns' | 'stopGlueRuns'
  > {
    return {
      startGlueRun: (_context, { stage, script, token }) => {
        const known = this.runs.find(
          (run) =>
            answersToken(run.token, token) && (run.ended === undefined || run.ended.state === 'SUCCEEDED'),
        );
        const run = known ?? this.#start(stage, script, token);
        const { jobName, jobRunId } = run;
        return Promise.resolve({ jobName, jobRunId, adopted: known !== undefined, timeoutMinutes: 10 });
      },
      awaitGlueRun: async (_context, { jobRunId }) => {
        const signal = cancellationSignal();
        for (;;) {
          const ended = this.runs.find((run) => run.jobRunId === jobRunId)?.ended;
          if (ended !== undefined) return ended;
          signal.throwIfAborted();
          await sleep(LOOK_MS);
        }
      },
      stopGlueRun: (_context, { token, jobRunId, orphan }) => {
        const meant = (run: Run): boolean =>
          orphan === true ? run.jobRunId === jobRunId : answersToken(run.token, token);
        const live = this.#live().filter(meant);
        for (const run of live) run.ended = { state: 'STOPPED', executionSeconds: 1 };
        return Promise.resolve({ jobRunIds: live.map(({ jobRunId }) => jobRunId) });
      },
      findLiveGlueRuns: () => Promise.resolve(this.#live()),
      stopGlueRuns: (_settings, { runs }) => {
        const ids = new Set(runs.map(({ jobRunId }) => jobRunId));
        for (const run of this.#live()) {
          if (ids.has(run.jobRunId)) run.ended = { state: 'STOPPED', executionSeconds: 1 };
        }
        return Promise.resolve();
      },
    };
  }

  #live(): Run[] {
    return this.runs.filter(({ ended }) => ended === undefined);
  }

  #start(stage: StageName, script: ScriptName, token: string): Run {
    const jobRunId = `jr_${this.runs.length + 1}`;
    const ended = this.#waiting.has(stage) ? undefined : succeeded;
    const run: Run = { run: 'a-run', jobName: `test-${script}`, jobRunId, script, token, stage, ended };
    this.runs.push(run);
    return run;
  }
}
