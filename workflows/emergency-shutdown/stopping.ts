/**
 * Telling runs and Glue runs to end. What is open is looked for in one activity and told in the next, so that its names
 * are in the history before anything ends: an answer that a killed worker could not give would take them with it, as
 * what has ended is not listed again.
 */
import type { LiveGlueRun } from '../../pipeline/glue-run.ts';
import type { RunSettings } from '../../pipeline/run-context.ts';
import type { Chain, FoundRun } from '../../pipeline/shutdown.ts';
import { quick } from '../pipeline/activities.ts';
import { stopping } from './activities.ts';

/** Who asks for it, under which procedure, and why. */
export interface Cause {
  readonly shutdown: string;
  readonly by: string;
  readonly reason: string;
}

export class OpenRuns {
  /** All that were ever found, by their Temporal run ids. */
  readonly found = new Map<string, FoundRun>();
  /** As they were last listed. */
  open: readonly FoundRun[] = [];
  /** Cron chains that runs were found of, by their workflow ids. */
  readonly chains: Map<string, Chain>;
  readonly #read = new Set<string>();
  readonly #told = new Set<string>();
  readonly #isMeant: (run: FoundRun) => boolean;

  /** @param isMeant which runs are to end; all of them when not given */
  constructor(isMeant: (run: FoundRun) => boolean = () => true, chains = new Map<string, Chain>()) {
    this.#isMeant = isMeant;
    this.chains = chains;
  }

  /**
   * Tells those that were not told yet. A run of a cron chain is told like any other, so that it stops its Glue run;
   * the one that the server makes after it is terminated, and with it the chain.
   * @returns what is open
   */
  async tell(settings: RunSettings, cause: Cause): Promise<readonly FoundRun[]> {
    const open = (await stopping.findOpenRuns(settings)).filter(this.#isMeant);
    this.open = open;
    const foundOf = new Set([...this.found.values()].map(({ workflowId }) => workflowId));
    const mayBeNext = ({ workflowId, runId, waits }: FoundRun): boolean =>
      !this.found.has(runId) && (waits === true || foundOf.has(workflowId));
    const atWork = open.filter((run) => !mayBeNext(run));
    // Beside each other, because seconds count: what began a run can be read when it has ended, too.
    await Promise.all([this.readChains(settings, open), this.#tell(settings, cause, atWork)]);
    const after = open.filter((run) => !atWork.includes(run));
    const next = after.filter(({ workflowId }) => this.chains.has(workflowId));
    if (next.length > 0) await stopping.endChains(settings, { ...cause, runs: next });
    await this.#tell(
      settings,
      cause,
      after.filter((run) => !next.includes(run)),
    );
    return open;
  }

  async #tell(settings: RunSettings, cause: Cause, atWork: readonly FoundRun[]): Promise<void> {
    for (const run of atWork) this.found.set(run.runId, run);
    const runs = atWork.filter(({ runId }) => !this.#told.has(runId));
    if (runs.length > 0) await stopping.tellRuns(settings, { ...cause, runs });
    for (const { runId } of runs) this.#told.add(runId);
  }

  /** Once for each run. What follows in a chain is terminated only when the history has how it is started again. */
  async readChains(settings: RunSettings, open: readonly FoundRun[]): Promise<void> {
    const runs = open.filter(({ runId }) => !this.#read.has(runId));
    if (runs.length === 0) return;
    for (const chain of await stopping.readChains(settings, { runs }))
      this.chains.set(chain.workflowId, chain);
    for (const { runId } of runs) this.#read.add(runId);
  }
}

/**
 * Asks Glue to stop every live run of the pipeline's jobs, without waiting.
 * @param remember told of them before any is asked to stop
 * @returns what is live
 */
export async function stopLiveGlueRuns(
  settings: RunSettings,
  remember: (live: readonly LiveGlueRun[]) => void = () => undefined,
): Promise<readonly LiveGlueRun[]> {
  const live = await quick.findLiveGlueRuns({ settings });
  remember(live);
  if (live.length > 0) await stopping.stopGlueRuns(settings, { runs: live });
  return live;
}
