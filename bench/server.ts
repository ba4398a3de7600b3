/** A Temporal dev server that keeps its state on disk, with one worker over given activities. */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { readToolchain } from '../local/stack/toolchain.ts';
import { BUNDLE_PATH } from '../worker/bundle.ts';
import { createWorker } from '../worker/worker.ts';
import type { WorkerActivities } from '../worker/worker.ts';
import { searchAttributes } from '../workflows/shared/search-attributes.ts';
import { ending } from './interruption.ts';

export const TASK_QUEUE = 'bench';

export interface Server {
  /** What the server is started with beside its defaults. */
  readonly words: readonly string[];
  readonly dbFilename: string;
}

export async function withServer<T>(
  { words, dbFilename }: Server,
  activities: WorkerActivities,
  work: (env: TestWorkflowEnvironment) => Promise<T>,
): Promise<T> {
  const env = await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: readToolchain(process.env).temporal },
      extraArgs: ['--log-level', 'error', ...words],
      searchAttributes: Object.values(searchAttributes),
      dbFilename,
    },
  });
  const end = async (): Promise<void> => {
    await env.teardown();
  };
  return await ending(end, async () => {
    const worker = await createWorker({
      connection: env.nativeConnection,
      namespace: env.namespace ?? 'default',
      taskQueue: TASK_QUEUE,
      activities,
      workflows: { workflowBundle: { codePath: BUNDLE_PATH } },
    });
    const running = worker.run();
    const stop = async (): Promise<void> => {
      // At Ctrl-C the SDK stops it by itself.
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await running;
    };
    return await ending(stop, () => work(env));
  });
}
