/** Whether a part of the stack does its work: each probe asks it something that only a ready one answers. */
import { Connection, isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { messageOf } from './errors.ts';
import type { Endpoints, PartName } from './folder.ts';

/** @returns why the part is not ready; `undefined` when it is. */
export type Probe = () => Promise<string | undefined>;

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

export function probeOf({ name, endpoints, taskQueue, pid }: Probed): Probe {
  switch (name) {
    case 'temporal':
      return temporalProbe(endpoints.temporal);
    case 'aws':
      return httpProbe(`${endpoints.aws}/_ministack/health`);
    case 'glue':
      return httpProbe(`${endpoints.glue}/_local/health`);
    case 'worker':
      return workerProbe(endpoints.temporal, taskQueue, pid);
  }
}

function httpProbe(url: string): Probe {
  return async () => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MILLISECONDS) });
      await response.arrayBuffer();
      return response.ok ? undefined : `${url} answers ${response.status}`;
    } catch (error) {
      return `${url} does not answer (${messageOf(error)})`;
    }
  };
}

/** Ready when the namespace is there, which is some moments after the port answers. */
function temporalProbe(address: string): Probe {
  return () =>
    askTemporal(address, async (connection) => {
      await connection.workflowService.describeNamespace({ namespace: NAMESPACE });
      return undefined;
    });
}

/** Ready when that very process polls its task queue; an earlier worker may still be listed. */
function workerProbe(address: string, taskQueue: string, pid: number): Probe {
  return () =>
    askTemporal(address, async (connection) => {
      const { pollers } = await connection.workflowService.describeTaskQueue({
        namespace: NAMESPACE,
        taskQueue: { name: taskQueue },
        taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
      });
      const polls = pollers.some(({ identity }) => identity?.startsWith(`${pid}@`) === true);
      return polls ? undefined : `process ${pid} does not poll the task queue ${taskQueue}`;
    });
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
