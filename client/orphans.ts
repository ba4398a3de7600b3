/** Glue runs that nobody watches: the pipeline run that started them has ended, as when it was terminated. */
import { openExecution } from '../systems/temporal/executions.ts';
import { serverOf, type TemporalLink } from './connection.ts';
import { explain } from './errors.ts';
import type { GlueRun, GlueRuns } from './glue-runs.ts';

/**
 * Live Glue runs whose workflow has no open execution, or one of a cron chain that has not begun. A run that goes on under the same workflow id adopts or stops its
 * own; Temporal is asked by id, since what has just begun is not in its lists yet.
 */
export async function findOrphans(link: TemporalLink, glue: GlueRuns): Promise<GlueRun[]> {
  const orphans: GlueRun[] = [];
  const open = new Map<string, boolean>();
  for (const run of await glue.live()) {
    const { workflowId } = run;
    if (workflowId === undefined) continue;
    const isOpen = open.get(workflowId) ?? (await hasOpenExecution(link, workflowId));
    open.set(workflowId, isOpen);
    if (!isOpen) orphans.push(run);
  }
  return orphans;
}

async function hasOpenExecution(link: TemporalLink, workflowId: string): Promise<boolean> {
  try {
    return (await openExecution(link.client, workflowId))?.waits === false;
  } catch (error) {
    throw explain(error, serverOf(link));
  }
}
