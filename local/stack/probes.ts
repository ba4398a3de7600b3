/** Whether a part of the stack does its work: each probe asks it something that only a ready one answers. */
import { Connection, isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { messageOf } from './errors.ts';
import type { Endpoints, PartName } from './folder.ts';

/** One question may take this long; a loaded machine answers a healthy server's within some hundred milliseconds. */
const ANSWER_MILLISECONDS = 3_000;

/** The namespace that a stack's pipeline lives in. */
export const NAMESPACE = 'default';

export interface Probed {
  readonly name: PartName;
  readonly endpoints: Endpoints;
  /** The worker's. */
  readonly taskQueue: string;
  readonly pid: number;
}

/** Why the part is not ready; `undefined` when it is. */
export async function problemOf({ name, endpoints, taskQueue, pid }: Probed): Promise<string | undefined> {
  switch (name) {
    case 'temporal':
      // The namespace is there some moments after the port answers.
      return await askTemporal(endpoints.temporal, async ({ workflowService }) => {
        await workflowService.describeNamespace({ namespace: NAMESPACE });
        return undefined;
      });
    case 'aws':
      return await askHttp(`${endpoints.aws}/_ministack/health`);
    case 'glue':
      return await askHttp(`${endpoints.glue}/_local/health`);
    case 'worker':
      return await askTemporal(endpoints.temporal, (connection) => polling(connection, taskQueue, pid));
  }
}

async function askHttp(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MILLISECONDS) });
    await response.arrayBuffer();
    return response.ok ? undefined : `${url} answers ${response.status}`;
  } catch (error) {
    return `${url} does not answer (${messageOf(error)})`;
  }
}

/** That very process has to poll its task queue; an earlier worker may still be listed. */
async function polling(connection: Connection, taskQueue: string, pid: number): Promise<string | undefined> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace: NAMESPACE,
    taskQueue: { name: taskQueue },
    taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  });
  const polls = pollers.some(({ identity }) => identity?.startsWith(`${pid}@`) === true);
  return polls ? undefined : `process ${pid} does not poll the task queue ${taskQueue}`;
}

async function askTemporal(
  address: string,
  question: (connection: Connection) => Promise<string | undefined>,
): Promise<string | undefined> {
  let connection: Connection | undefined;
  try {
    const connected = await Connection.connect({ address, connectTimeout: ANSWER_MILLISECONDS });
    connection = connected;
    return await connected.withDeadline(Date.now() + ANSWER_MILLISECONDS, () => question(connected));
  } catch (error) {
    return isGrpcServiceError(error)
      ? `Temporal at ${address} answers: ${error.details}`
      : `Temporal at ${address} does not answer (${messageOf(error)})`;
  } finally {
    await connection?.close();
  }
}
