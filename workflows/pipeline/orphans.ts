/**
 * Glue runs that nobody watches: their pipeline run was terminated, or failed before it could stop them. Each run looks
 * for them at its start and tells them to stop, so that they neither occupy a job's slots nor write beside their
 * successors. It does not wait for their end: one that Glue can't stop must not keep every later run from its work.
 * What they would have done, a run that takes over their files or is resumed does, and a resumed run adopts its own.
 */
import { ownerOfToken } from '../../pipeline/glue-run.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { long, quick } from './activities.ts';
import type { PipelineRun } from './run.ts';

/** @returns the ids of the Glue runs that were told to stop */
export async function stopOrphans(run: PipelineRun, context: RunContext): Promise<string[]> {
  const live = await quick.findLiveGlueRuns(context);
  const others = live.flatMap((glueRun) => {
    const owner = ownerOfToken(glueRun.token);
    return owner === undefined || run.ledger.willAdopt(owner) ? [] : [{ ...glueRun, owner }];
  });
  if (others.length === 0) return [];
  const { workflowId: ownId } = run.owner;
  const ids = [...new Set(others.map(({ owner }) => owner.workflowId))].filter((id) => id !== ownId);
  // Under this run's own id there is no other open execution.
  const closed = new Set([ownId, ...(ids.length === 0 ? [] : await quick.findClosedWorkflows(ids))]);
  const orphans = others.filter(({ owner }) => closed.has(owner.workflowId));
  const stopped = await Promise.all(
    orphans.map(({ script, token, jobRunId }) =>
      long.stopGlueRun(context, { script, token, jobRunId, orphan: true }),
    ),
  );
  return stopped.flatMap(({ jobRunIds }) => jobRunIds);
}
