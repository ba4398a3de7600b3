/** How a run ends that does not come to its end: Glue runs are stopped, and what a stopped run leaves is set aside. */
import { allHandlersFinished, condition, isCancellation } from '@temporalio/workflow';
import type { RunOutcome } from '../../pipeline/activity-types.ts';
import { cut } from '../../pipeline/first-few.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import { now } from '../shared/clock.ts';
import { Aborted, Stopped } from '../shared/endings.ts';
import { failureOf } from '../shared/failure.ts';
import { plural } from '../../pipeline/format.ts';
import { long, quick } from './activities.ts';
import { stopLeftGlueRuns } from './glue-stop.ts';
import type { PipelineRun } from './run.ts';
import { cleaningUp, closing, end } from './state.ts';

export async function endEarly(run: PipelineRun, error: unknown): Promise<void> {
  const why = error instanceof Error ? error.message : String(error);
  // A command that was taken from here on would be answered and lost.
  run.change((state) => closing(state, why));
  const stopped = error instanceof Stopped || isCancellation(error);
  await stopGlue(run);
  if (stopped) {
    const asked = error instanceof Stopped ? error : new Stopped('a cancellation', 'requested of Temporal');
    await secure(run, asked);
  }
  const status = stopped ? 'Stopped' : error instanceof Aborted ? 'Aborted' : 'Failed';
  await leaveRecord(run, { outcome: status.toLowerCase(), why: cut(why) });
  run.change((state, at) => end(state, status, why, at));
  await condition(allHandlersFinished);
}

/** A run that has not read its settings knows no bucket: Temporal alone has a record of it. */
async function leaveRecord(run: PipelineRun, record: RunOutcome): Promise<void> {
  const { context } = run;
  if (context === undefined) return;
  try {
    await quick.recordEarlyEnd(context, { now: now(), record });
  } catch (error) {
    // What was wrong with the bucket may be what the run has failed of.
    run.change((state, at) => cleaningUp(state, `no record could be left: ${failureOf(error).message}`, at));
  }
}

/** No Glue run outlives its run. */
async function stopGlue(run: PipelineRun): Promise<void> {
  if (STAGE_NAMES.every((stage) => run.ledger.unwatched(stage) === undefined)) return;
  // A resumed run may end before it has read its settings, and has the Glue runs of the one that it goes on with.
  try {
    const context = run.context ?? { owner: run.owner, settings: await quick.readRunSettings() };
    await stopLeftGlueRuns(run, context);
  } catch (error) {
    run.change((state, at) =>
      cleaningUp(state, `Glue runs could not be looked for: ${failureOf(error).message}`, at),
    );
  }
}

/** What a stopped run leaves: unfinished output in quarantine, and a record of how it stood. */
async function secure(run: PipelineRun, { by, why }: Stopped): Promise<void> {
  const { context } = run;
  if (context === undefined) return;
  const { stage, checkpoints } = run.state;
  const record = { stoppedAt: now(), by, reason: why, stage, checkpoints };
  const jobRunIds = run.ledger.entries.unfinishedGlueRuns;
  run.change((state, at) => cleaningUp(state, 'setting unfinished output aside', at));
  try {
    const { objects } = await long.secureStoppedRun(context, { jobRunIds, record });
    run.change((state, at) => cleaningUp(state, `${plural(objects, 'object')} set aside`, at));
  } catch (error) {
    // The run ends in any case: nothing reads unfinished output, since readers follow manifests.
    run.change((state, at) =>
      cleaningUp(state, `unfinished output could not be set aside: ${failureOf(error).message}`, at),
    );
  }
}
