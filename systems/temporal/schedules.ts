/** The schedules that start the pipeline, as the server has them: what they start tells them, whatever they are called. */
import { ScheduleNotFoundError } from '@temporalio/client';
import type { Client, ScheduleDescription } from '@temporalio/client';
import { PIPELINE_WORKFLOW } from '../../pipeline/request.ts';

/** Ids of schedules that may start the pipeline, sorted; {@link startsPipeline} tells of a described one. */
export async function listScheduleIds(client: Client): Promise<string[]> {
  const ids: string[] = [];
  for await (const { scheduleId, action } of client.schedule.list()) {
    // The list may not know yet what a new schedule starts.
    if (action === undefined || action.workflowType === PIPELINE_WORKFLOW) ids.push(scheduleId);
  }
  return ids.sort();
}

/** @returns `undefined` where there is none */
export async function describeSchedule(client: Client, id: string): Promise<ScheduleDescription | undefined> {
  try {
    return await client.schedule.getHandle(id).describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

export function startsPipeline({ action }: ScheduleDescription, taskQueue: string): boolean {
  return action.workflowType === PIPELINE_WORKFLOW && action.taskQueue === taskQueue;
}
