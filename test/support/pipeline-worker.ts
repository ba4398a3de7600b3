/** Runs the pipeline's workflow on a test server with the given activities, for the length of a piece of work. */
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { createWorker } from '../../worker/worker.ts';
import type { FakeActivities } from './fake-activities.ts';

let bundle: Promise<WorkflowBundle> | undefined;

/** The workflow bundle, built once for each test file. */
export async function workflowBundle(): Promise<WorkflowBundle> {
  bundle ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  return await bundle;
}

let queues = 0;

/** @param work is given the task queue on which the worker listens */
export async function withWorker<T>(
  env: TestWorkflowEnvironment,
  { activities }: Pick<FakeActivities, 'activities'>,
  work: (taskQueue: string) => Promise<T>,
): Promise<T> {
  queues += 1;
  const taskQueue = `test-${String(process.pid)}-${String(queues)}`;
  const worker = await createWorker({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    taskQueue,
    activities,
    workflows: { workflowBundle: await workflowBundle() },
  });
  return await worker.runUntil(() => work(taskQueue));
}
