/**
 * A Glue run within a stage: start or adopt it, wait for it, and on any interruption stop it and wait until it has
 * ended. Whatever happens to this run, Glue is never left working for nobody.
 */
import { ApplicationFailure, CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { EndedGlueRun } from '../../pipeline/activity-types.ts';
import { FAILURES } from '../../pipeline/failures.ts';
import { classifyEndedRun, glueRunToken } from '../../pipeline/glue-run.ts';
import { layout } from '../../pipeline/layout.ts';
import type { Overrides } from '../../pipeline/request.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import type { ScriptName, StageName } from '../../pipeline/stages.ts';
import { awaitingGlue, long, starting } from './activities.ts';
import { cleaningUp, glueRunStarted } from './state.ts';
import type { PipelineRun } from './run.ts';

/** Runs of a stage in one round that failed by Glue's own fault; three in a row are not bad luck any more. */
const MAX_ATTEMPTS = 3;

/** Time for a fault of Glue's to pass before the next attempt; doubles. */
const ATTEMPT_PAUSE_SECONDS = 15;

export interface GlueWork {
  readonly stage: StageName;
  readonly script: ScriptName;
  readonly scriptDigest: string;
  readonly round: number;
  readonly overrides: Overrides;
}

export interface GlueResult {
  /** Key of the report that the script wrote. */
  readonly report: string;
  readonly ended: EndedGlueRun;
}

export async function runGlue(run: PipelineRun, context: RunContext, work: GlueWork): Promise<GlueResult> {
  const { owner } = context;
  const token =
    run.unsettledTokens.get(work.stage) ??
    glueRunToken(owner.workflowId, owner.firstRunId, work.stage, work.round);
  run.unsettledTokens.set(work.stage, token);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const { script, scriptDigest, stage, overrides } = work;
      const request = { stage, script, scriptDigest, plan: `${stage}-plan`, token, overrides };
      const started = await starting.startGlueRun(context, request);
      const { jobName, jobRunId, timeoutMinutes } = started;
      run.change((state, at) => glueRunStarted(state, { jobName, jobRunId }, at));
      const ended = await awaitingGlue(timeoutMinutes).awaitGlueRun(context, { jobName, jobRunId });
      run.unsettledTokens.delete(work.stage);
      const failure = classifyEndedRun(ended);
      if (failure === undefined) {
        return { report: `${layout.stageReports(owner.run, stage)}${jobRunId}.json`, ended };
      }
      if (FAILURES[failure].handling !== 'retry' || attempt === MAX_ATTEMPTS) {
        const said =
          ended.errorMessage === undefined ? 'without an error message' : `with: ${ended.errorMessage}`;
        throw ApplicationFailure.nonRetryable(
          `Glue run ${jobRunId} of ${jobName} ended ${ended.state} ${said}`,
          failure,
        );
      }
      await sleep(ATTEMPT_PAUSE_SECONDS * 2 ** (attempt - 1) * 1000);
    }
  } catch (error) {
    if (isCancellation(error)) {
      await CancellationScope.nonCancellable(async () => {
        run.change((state, at) => cleaningUp(state, `stopping the Glue run of ${work.stage}`, at));
        await long.stopGlueRun(context, { script: work.script, token });
      });
    }
    throw error;
  }
}
