/** What a shutdown says of itself, for want of the plan that it has not written, or not whole. Reads only. */
import { getClient } from '@temporalio/activity';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import { z } from 'zod';
import { equals, SEARCH_ATTRIBUTES } from '../../pipeline/executions.ts';
import {
  chainSchema,
  foundRunSchema,
  pausedSchedulesSchema,
  SHUTDOWN_WORKFLOW,
} from '../../pipeline/shutdown.ts';
import type { UndoPlan } from '../../pipeline/shutdown.ts';
import { failure } from '../call.ts';

/** A closed shutdown replays its history before it answers: seconds, unless no worker is free. */
const ANSWERED_WITHIN_MS = 40_000;

const statusSchema = z.object({
  by: z.string(),
  reason: z.string(),
  dryRun: z.boolean(),
  phase: z.string(),
  schedules: pausedSchedulesSchema,
  runs: z.array(foundRunSchema),
  procedures: z.array(foundRunSchema),
  chains: z.array(chainSchema),
});

/**
 * @param saved what it wrote on its way, for when it can't tell any more
 * @returns `undefined` when Temporal knows no such shutdown, or it was only a look
 * @throws `ShutdownAtWork` while it still stops things
 */
export async function planByStatus(shutdown: string, saved?: UndoPlan): Promise<UndoPlan | undefined> {
  const found = await findShutdown(shutdown);
  if (found === undefined) return saved;
  const { workflowId, runId, startTime, closeTime } = found;
  const client = getClient();
  let answer: unknown;
  try {
    answer = await client.withDeadline(Date.now() + ANSWERED_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId, runId).query('status'),
    );
  } catch (error) {
    if (closeTime === undefined || saved === undefined) throw error;
    return saved;
  }
  const { dryRun, phase, ...stopped } = statusSchema.parse(answer);
  if (dryRun) return undefined;
  if (closeTime === undefined && phase !== 'documenting') {
    throw failure(
      'ShutdownAtWork',
      `Shutdown ${shutdown} is still at work; it can be undone when it has ended`,
    );
  }
  return { version: 1, shutdown, stoppedAt: (closeTime ?? startTime).toISOString(), ...stopped };
}

async function findShutdown(shutdown: string): Promise<WorkflowExecutionInfo | undefined> {
  const query = `${equals('WorkflowType', SHUTDOWN_WORKFLOW)} AND ${equals(SEARCH_ATTRIBUTES.run, shutdown)}`;
  for await (const found of getClient().workflow.list({ query })) return found;
  return undefined;
}
