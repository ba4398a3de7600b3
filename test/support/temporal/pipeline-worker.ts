/** Runs the pipeline's workflow on a test server with the given activities, for the length of a piece of work. */
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { WorkflowBundle } from '@temporalio/worker';
import { createWorker } from '../../../worker/worker.ts';
import type { FakeActivities } from '../fakes/fake-activities.ts';

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const LIMITS = {
  real: {},
  short: { [pathOf('../../../workflows/emergency-shutdown/limits.ts')]: pathOf('short-limits.ts') },
} as const;
type Limits = keyof typeof LIMITS;

const bundles: Partial<Record<Limits, Promise<WorkflowBundle>>> = {};

/** The workflow bundle, built once for each test file. */
export async function workflowBundle(limits: Limits = 'real'): Promise<WorkflowBundle> {
  bundles[limits] ??= bundleWorkflowCode({
    workflowsPath: pathOf('../../../workflows/index.ts'),
    webpackConfigHook: (config) => {
      const given = config.resolve?.alias ?? {};
      const alias = Array.isArray(given) ? given : { ...given, ...LIMITS[limits] };
      return { ...config, resolve: { ...config.resolve, alias } };
    },
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  return await bundles[limits];
}

let queues = 0;

/**
 * @param work is given the task queue on which the worker listens
 * @param limits how long a shutdown waits
 */
export async function withWorker<T>(
  env: TestWorkflowEnvironment,
  { activities }: Pick<FakeActivities, 'activities'>,
  work: (taskQueue: string) => Promise<T>,
  limits: Limits = 'real',
): Promise<T> {
  queues += 1;
  const taskQueue = `test-${String(process.pid)}-${String(queues)}`;
  const worker = await createWorker({
    connection: env.nativeConnection,
    namespace: env.namespace ?? 'default',
    taskQueue,
    activities,
    workflows: { workflowBundle: await workflowBundle(limits) },
  });
  return await worker.runUntil(() => work(taskQueue));
}
