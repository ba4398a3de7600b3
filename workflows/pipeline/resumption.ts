/** How a run goes on as a closed one: what that had finished is kept. */
import { workflowInfo } from '@temporalio/workflow';
import { resumable } from '../../pipeline/checkpoint.ts';
import type { Progress } from '../../pipeline/checkpoint.ts';
import type { ParsedRequest } from '../../pipeline/request.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { quick } from './activities.ts';
import type { PipelineRun } from './run.ts';

export async function takeOver(
  run: PipelineRun,
  { runId, stage }: NonNullable<ParsedRequest['resumeFrom']>,
): Promise<void> {
  run.takeOver(await progressFrom(runId, stage));
}

/** What a closed run had done, without what is to be done again. */
async function progressFrom(runId: string, stage: StageName | undefined): Promise<Progress> {
  const { workflowId } = workflowInfo();
  const progress = await quick.readProgress({ workflowId, runId });
  const { resumeFrom } = progress.request;
  // It was closed before it could take over what it was to go on with.
  const earlier =
    resumeFrom === undefined ? progress : await progressFrom(resumeFrom.runId, resumeFrom.stage);
  return resumable(earlier, stage);
}
