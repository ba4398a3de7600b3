/** A worker beside that of a stack, on a task queue of its own and with other settings, for the length of a piece of work. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { STOP_MILLISECONDS, workerPart } from '../../../local/stack/parts.ts';
import { end, StartedProcess } from '../../../local/stack/processes.ts';
import type { PipelineStack } from './pipeline-stack.ts';

/** @param work is given the id of a run that this worker works on, and which is terminated in the end */
export async function withRunOnAnotherWorker<T>(
  stack: PipelineStack,
  environment: Readonly<Record<string, string>>,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'msp-worker-'));
  // The stack's own worker has the address of the metrics.
  const own = { MSP_TASK_QUEUE: id, MSP_METRICS_ADDRESS: '' };
  const { command } = workerPart({ ...stack.running.environment.worker, ...own, ...environment });
  const worker = await StartedProcess.start(command, join(folder, 'worker.log'));
  const { workflow } = stack.client.temporal.client;
  const run = await workflow.start('musicStreamingPipeline', {
    args: [{}],
    taskQueue: id,
    workflowId: id,
  });
  try {
    return await work();
  } finally {
    await run.terminate('the test is over');
    await end(worker.record, STOP_MILLISECONDS.worker);
    await rm(folder, { recursive: true, force: true });
  }
}
