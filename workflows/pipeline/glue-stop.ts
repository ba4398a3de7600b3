/** Stopping the Glue runs of stages whose end the run did not see. */
import { CancellationScope } from '@temporalio/workflow';
import type { RunContext } from '../../pipeline/run-context.ts';
import { STAGE_NAMES, STAGES } from '../../pipeline/stages.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { failureOf } from '../shared/failure.ts';
import { long } from './activities.ts';
import type { PipelineRun } from './run.ts';
import { glueRunEnded, note } from './state.ts';

/** Stops the Glue run of a stage whose end was not seen, and waits until it has ended. */
export async function stopGlueRun(run: PipelineRun, context: RunContext, stage: StageName): Promise<void> {
  const token = run.ledger.unwatched(stage);
  const { script } = STAGES[stage];
  if (token === undefined || script === undefined) return;
  const { state } = run;
  const known = state.stage === stage && state.glueRun !== null ? { jobRunId: state.glueRun.jobRunId } : {};
  const { jobRunIds, stillStopping = [] } = await long.stopGlueRun(context, { script, token, ...known });
  run.ledger.stopped(stage, jobRunIds);
  run.change((current) => (current.stage === stage ? glueRunEnded(current) : current));
  if (stillStopping.length > 0) {
    const what = `${stillStopping.join(', ')} of ${stage} was told to stop and has not ended yet`;
    run.change((current, at) => note(current, { at, what }));
  }
}

/**
 * Stops what the run leaves behind when it ends early or goes on without a stage: Glue runs whose end it did not see,
 * as when waiting for one was given up. One that can't be stopped keeps nothing from going on: it is named, and the
 * next run's look for orphans stops it.
 */
export async function stopLeftGlueRuns(
  run: PipelineRun,
  context: RunContext,
  stages: readonly StageName[] = STAGE_NAMES,
): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    for (const stage of stages) {
      try {
        await stopGlueRun(run, context, stage);
      } catch (error) {
        const { type, message } = failureOf(error);
        const what = `the Glue run of ${stage} could not be stopped: ${type}: ${message}`;
        run.change((state, at) => note(state, { at, what }));
      }
    }
  });
}
