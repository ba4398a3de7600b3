/** Runs the pipeline's workflow on a test server with the given activities, for the length of a piece of work. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createWorker } from '../../../worker/worker.ts';
import type { FakeActivities } from '../fakes/fake-activities.ts';
import { workflowBundle } from './workflow-bundle.ts';

let queues = 0;

/** @param work is given the task queue on which the worker listens */
export async function withWorker<T>(
  env: TestWorkflowEnvironment,
  { activities }: Pick<FakeActivities, 'activities'>,
  work: (taskQueue: string) => Promise<T>,
): Promise<T> {
  queues += 1;
  const taskQueue = `test-${process.pid}-${queues}`;
  const worker = await createWorker({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    taskQueue,
    activities,
    workflows: { workflowBundle: await workflowBundle() },
  });
  return await worker.runUntil(() => work(taskQueue));
}
