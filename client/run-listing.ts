/** A run as the server knows it: from Temporal's own fields and the search attributes that the run keeps up to date. */
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { z } from 'zod';
import { isOpenExecution, SEARCH_ATTRIBUTES, waitsForItsTime } from '../pipeline/executions.ts';
import { goesOn } from '../pipeline/statuses.ts';
import { withoutUndefined } from './optional.ts';

/** A run as the server lists it. */
export const listedRunSchema = z.object({
  workflowId: z.string(),
  /** Temporal run id of the present execution. */
  runId: z.string(),
  /** The run's id in the bucket; absent before the run's first step. */
  run: z.string().optional(),
  /** Temporal's own status. */
  execution: z.string(),
  /** The pipeline's status; Temporal's where the run was ended from outside; absent before the run's first step. */
  status: z.string().optional(),
  stage: z.string().optional(),
  days: z.array(z.string()),
  trigger: z.string().optional(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  /** An execution of a cron chain whose time has not come: it has done nothing yet. */
  waitsUntil: z.string().optional(),
});
/** One execution of a run, as the server lists it; needs no worker. */
export type ListedRun = z.infer<typeof listedRunSchema>;

/** The pipeline's own status, unless the execution has ended without the run knowing, as one that was terminated. */
export function statusOf(execution: string, status: string | undefined): string | undefined {
  const unaware = status === undefined || goesOn(status);
  return unaware && !isOpenExecution(execution) ? execution : status;
}

/** @param info as the server describes or lists a run */
export function listed(info: Omit<WorkflowExecutionInfo, 'raw'>): ListedRun {
  const attribute = (name: string): readonly unknown[] => {
    const value: unknown = info.typedSearchAttributes.getAll().find(({ key }) => key.name === name)?.value;
    return Array.isArray(value) ? value : value === undefined ? [] : [value];
  };
  const text = (name: string): string | undefined => attribute(name).map(String)[0];
  const { executionTime } = info;
  const run = text(SEARCH_ATTRIBUTES.run);
  const waits = isOpenExecution(info.status.name) && waitsForItsTime({ executionTime, run }, new Date());
  const optional = {
    run,
    waitsUntil: waits ? executionTime?.toISOString() : undefined,
    status: statusOf(info.status.name, text(SEARCH_ATTRIBUTES.status)),
    stage: text(SEARCH_ATTRIBUTES.stage),
    trigger: text(SEARCH_ATTRIBUTES.trigger),
    endedAt: info.closeTime?.toISOString(),
  };
  return {
    workflowId: info.workflowId,
    runId: info.runId,
    execution: info.status.name,
    days: attribute(SEARCH_ATTRIBUTES.dates).map(String),
    startedAt: info.startTime.toISOString(),
    ...withoutUndefined(optional),
  };
}
