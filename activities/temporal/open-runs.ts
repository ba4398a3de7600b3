/** The pipeline's open runs and procedures, as Temporal lists them, and how they are spoken to. */
import { activityInfo, getClient } from '@temporalio/activity';
import {
  isGrpcServiceError,
  QueryNotRegisteredError,
  QueryRejectedError,
  ServiceError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { z } from 'zod';
import { equals, SEARCH_ATTRIBUTES, waitsForItsTime } from '../../pipeline/executions.ts';
import { PROCEDURE_NAMES } from '../../pipeline/procedures/steps.ts';
import type { ProcedureName } from '../../pipeline/procedures/steps.ts';
import { PIPELINE_WORKFLOW } from '../../pipeline/request.ts';
import type { FoundRun } from '../../pipeline/shutdown.ts';
import { RUN, unlessGone } from '../../systems/temporal/executions.ts';

const STATUS = defineSearchAttributeKey(SEARCH_ATTRIBUTES.status, SearchAttributeType.KEYWORD);

/** Runs on this worker's task queue, also those that the server has paused; a list lags some hundred milliseconds behind. */
export async function listOpenRuns(): Promise<FoundRun[]> {
  return await listOpen([PIPELINE_WORKFLOW]);
}

export async function listOpenProcedures(
  names: readonly ProcedureName[] = PROCEDURE_NAMES,
): Promise<FoundRun[]> {
  return await listOpen(names);
}

/** Their ids in the bucket. */
export async function openRunIds(): Promise<string[]> {
  return (await listOpenRuns()).flatMap(({ run }) => run ?? []);
}

async function listOpen(types: readonly string[]): Promise<FoundRun[]> {
  const { taskQueue } = activityInfo();
  const named = types.map((type) => `'${type}'`).join(', ');
  const query = `WorkflowType IN (${named}) AND ${equals('TaskQueue', taskQueue)} AND CloseTime IS NULL`;
  const found: FoundRun[] = [];
  const listed = getClient().workflow.list({ query });
  for await (const { workflowId, runId, executionTime, typedSearchAttributes } of listed) {
    const run = typedSearchAttributes.get(RUN);
    const status = typedSearchAttributes.get(STATUS);
    found.push({
      workflowId,
      runId,
      ...(run === undefined ? {} : { run }),
      ...(status === undefined ? {} : { status }),
      ...(waitsForItsTime({ executionTime, run }, new Date()) ? { waits: true as const } : {}),
    });
  }
  return found;
}

/** A procedure answers at once; one that does not is paused all the same. */
const ANSWERED_WITHIN_MS = 2_000;

/** gRPC codes of a question that went unanswered. */
const UNANSWERED: readonly number[] = [
  // The deadline as the connection sees it, and as the server does.
  1, 4,
  // The procedure's last task has failed: a build that can't go on with it does not answer for it.
  9,
  // The server is away.
  14,
];

/** What is needed of a procedure's answer to the query `status`. */
const statusSchema = z.object({ paused: z.object({ reason: z.string() }).nullable() });

/** The reason for which a procedure is paused; `undefined` when it is not, or does not answer. */
export async function pausedBecause(
  client: Client,
  { workflowId, runId }: FoundRun,
): Promise<string | undefined> {
  const handle = client.workflow.getHandle(workflowId, runId);
  try {
    const answer: unknown = await client.withDeadline(Date.now() + ANSWERED_WITHIN_MS, () =>
      handle.query('status'),
    );
    // An answer in another build's form is none: a shutdown must not stand still over it.
    return statusSchema.safeParse(answer).data?.paused?.reason;
  } catch (error) {
    if (meansNoAnswer(error)) return undefined;
    throw error;
  }
}

function meansNoAnswer(error: unknown): boolean {
  // It has no such query, or has ended meanwhile.
  if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError) return true;
  if (error instanceof WorkflowNotFoundError) return true;
  const cause = error instanceof ServiceError ? error.cause : undefined;
  return isGrpcServiceError(cause) && UNANSWERED.includes(cause.code);
}

/** By signal: it is taken at once, also while no worker is free to answer. What has ended meanwhile takes none. */
export async function signalOpen(
  client: Client,
  { workflowId, runId }: FoundRun,
  name: string,
  args: { readonly by: string; readonly reason: string; readonly shutdown?: string },
): Promise<void> {
  const handle = client.workflow.getHandle(workflowId, runId);
  await unlessGone(() => handle.signal(name, { ...args, runId }));
}

/** What the server itself has paused takes no message before it goes on there. */
export async function unpauseOnServer(client: Client, { workflowId, runId }: FoundRun): Promise<void> {
  const { status } = await client.workflow.getHandle(workflowId, runId).describe();
  if (status.name !== 'PAUSED') return;
  const { namespace, identity } = client.options;
  await client.workflowService.unpauseWorkflowExecution({
    namespace,
    identity,
    workflowId,
    runId,
    reason: 'emergency shutdown',
  });
}
