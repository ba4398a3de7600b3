/** The worker's options, each with its reason. Shared by the process in `main.ts` and by tests. */
import { hostname } from 'node:os';
import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';
import type {
  CommandActivities,
  PipelineActivities,
  ShutdownActivities,
} from '../pipeline/activity-types.ts';
import type { ProcedureActivities } from '../pipeline/procedures/activity-types.ts';
import { beatForActivities } from './heartbeats.ts';

/** Everything that workflows call; tests of runs alone leave those of the procedures out. */
export type WorkerActivities = PipelineActivities &
  ShutdownActivities &
  CommandActivities &
  Partial<ProcedureActivities>;

export interface WorkerParts {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly activities: WorkerActivities;
  readonly workflows: Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;
  /** Deployment and build, where the worker is versioned; such a worker gets no tasks until its version is current. */
  readonly version?: { readonly deploymentName: string; readonly buildId: string } | undefined;
}

export async function createWorker(parts: WorkerParts): Promise<Worker> {
  const { connection, namespace, taskQueue, activities, workflows, version } = parts;
  return await Worker.create({
    connection,
    namespace,
    taskQueue,
    activities,
    ...workflows,
    interceptors: { activity: [beatForActivities] },
    identity: `${process.pid}@${hostname()} ${taskQueue}`,
    tuner: {
      workflowTaskSlotSupplier: { type: 'fixed-size', numSlots: 40 },
      // A waiting Glue run holds a slot and does nothing; fifty runs may wait at once beside the work of others.
      activityTaskSlotSupplier: { type: 'fixed-size', numSlots: 100 },
      localActivityTaskSlotSupplier: { type: 'fixed-size', numSlots: 20 },
      nexusTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
    },
    // A cached workflow costs about a megabyte; two hundred stay within the worker's memory, others are replayed.
    maxCachedWorkflows: 200,
    // One thread runs workflow code of this size easily; each further one costs about 50 MB.
    workflowThreadPoolSize: 1,
    // Time for short activities to finish on a deploy. Long ones are told to stop and go on elsewhere; Glue is not touched.
    shutdownGraceTime: '10s',
    // An activity that does not listen by then is abandoned: it will be tried again after its heartbeat timeout.
    shutdownForceTime: '30s',
    ...(version === undefined
      ? {}
      : {
          workerDeploymentOptions: {
            useWorkerVersioning: true,
            version,
            // A run finishes on the code that it began with; a parked one is moved by hand.
            defaultVersioningBehavior: 'PINNED' as const,
          },
        }),
  });
}
