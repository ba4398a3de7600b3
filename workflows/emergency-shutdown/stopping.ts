/**
 * Telling runs and Glue runs to end. What is open is looked for in one activity and told in the next, so that its names
 * are in the history before anything ends: an answer that a killed worker could not give would take them with it, as
 * what has ended is not listed again.
 */
import type { LiveGlueRun } from '../../pipeline/activity-types.ts';
import type { RunSettings } from '../../pipeline/run-context.ts';
import type { FoundRun } from '../../pipeline/shutdown.ts';
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
  readonly #told = new Set<string>();
  readonly #isMeant: (run: FoundRun) => boolean;

  /** @param isMeant which runs are to end; all of them when not given */
  constructor(isMeant: (run: FoundRun) => boolean = () => true) {
    this.#isMeant = isMeant;
  }

  /** Tells those that were not told yet. @returns what is open */
  async tell(settings: RunSettings, cause: Cause): Promise<readonly FoundRun[]> {
    const open = (await stopping.findOpenRuns(settings)).filter(this.#isMeant);
    this.open = open;
    for (const run of open) this.found.set(run.runId, run);
    const runs = open.filter(({ runId }) => !this.#told.has(runId));
    if (runs.length > 0) await stopping.tellRuns(settings, { ...cause, runs });
    for (const { runId } of runs) this.#told.add(runId);
    return open;
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
