/** Executions as Temporal lists them: by what they are searched, and which are open. */

/** Names of the search attributes of runs and procedures. */
export const SEARCH_ATTRIBUTES = {
  /** The run's id in the bucket: a resumed run has that of the closed one. */
  run: 'PipelineRun',
  status: 'PipelineStatus',
  stage: 'PipelineStage',
  dates: 'PipelineDates',
  trigger: 'PipelineTrigger',
} as const;

/** Their types, by the names that Temporal's SDK has for types. */
export const SEARCH_ATTRIBUTE_TYPES = {
  run: 'KEYWORD',
  status: 'KEYWORD',
  stage: 'KEYWORD',
  dates: 'KEYWORD_LIST',
  trigger: 'KEYWORD',
} as const satisfies Record<keyof typeof SEARCH_ATTRIBUTES, string>;

type Searched = (typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES] | 'TaskQueue' | 'WorkflowType';

/**
 * A condition of a list filter. Neither ids nor statuses hold quotes; those that a person typed are left out, so that
 * the filter stays one.
 */
export function equals(attribute: Searched, value: string): string {
  return `${attribute} = '${value.replaceAll("'", '')}'`;
}

/**
 * Whether an open execution has not begun: the server makes the next one of a cron chain when the last has ended, and
 * holds it back until its time. What it will do is not at work yet. Its run id is a search attribute from its first step on.
 */
export function waitsForItsTime(
  { executionTime, run }: { readonly executionTime: Date | undefined; readonly run: string | undefined },
  now: Date,
): boolean {
  return run === undefined && executionTime !== undefined && executionTime > now;
}

/** Whether an execution with this status of Temporal's has not ended: the server itself may have paused it. */
export function isOpenExecution(status: string): boolean {
  return status === 'RUNNING' || status === 'PAUSED';
}
