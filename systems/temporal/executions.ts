/** What Temporal knows of an execution under a workflow id. Reads only. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';
import { isOpenExecution, SEARCH_ATTRIBUTES, waitsForItsTime } from '../../pipeline/executions.ts';

/** Under which the id in the bucket is searched. */
export const RUN = defineSearchAttributeKey(SEARCH_ATTRIBUTES.run, SearchAttributeType.KEYWORD);

const { CONTINUE_AS_NEW_INITIATOR_WORKFLOW: ITSELF } = proto.temporal.api.enums.v1.ContinueAsNewInitiator;

export interface OpenExecution {
  readonly runId: string;
  /** The run's id in the bucket; absent before its first step. */
  readonly run: string | undefined;
  /** An execution of a cron chain whose time has not come. */
  readonly waits: boolean;
}

/** @returns `undefined` where none is open; there is one at most */
export async function openExecution(client: Client, workflowId: string): Promise<OpenExecution | undefined> {
  const described = await unlessGone(() => client.workflow.getHandle(workflowId).describe());
  if (described === undefined || !isOpenExecution(described.status.name)) return undefined;
  const { runId, executionTime, typedSearchAttributes } = described;
  const run = typedSearchAttributes.get(RUN);
  return { runId, run, waits: waitsForItsTime({ executionTime, run }, new Date()) };
}

/** @returns `undefined` when the server has no such execution, or, of a message, none that is open */
export async function unlessGone<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Of the execution's history: how the execution was started. */
export async function firstEvent(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<temporal.api.history.v1.IHistoryEvent | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  return history?.events?.[0];
}

export interface Beginning {
  readonly originalRunId: string;
  /** A run that moved to a new history began it. */
  readonly moved: boolean;
}

/** As the first event of its history says. */
export async function beginningOf(client: Client, workflowId: string, runId: string): Promise<Beginning> {
  const started = (await firstEvent(client, workflowId, runId))?.workflowExecutionStartedEventAttributes;
  return {
    originalRunId: started?.originalExecutionRunId ?? runId,
    moved: started?.initiator === ITSELF,
  };
}
