/** Cron chains: how they are started, ended, and started again. */
import { randomUUID } from 'node:crypto';
import { getClient } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import pLimit from 'p-limit';
import type { ShutdownActivities } from '../../pipeline/activity-types.ts';
import type { UndoActivities } from '../../pipeline/procedures/activity-types.ts';
import { chainSchema } from '../../pipeline/shutdown.ts';
import type { Chain, FoundRun } from '../../pipeline/shutdown.ts';
import { firstEvent, openExecution, unlessGone } from '../../systems/temporal/executions.ts';
import { TEMPORAL_AT_ONCE } from '../parallel.ts';

type ChainActivities = Pick<ShutdownActivities, 'readChains' | 'endChains'> &
  Pick<UndoActivities, 'startChains'>;

const { StartWorkflowExecutionRequest } = proto.temporal.api.workflowservice.v1;

export function createChainActivities(): ChainActivities {
  return {
    async readChains(_settings, { runs }) {
      const client = getClient();
      return (await pLimit(TEMPORAL_AT_ONCE).map(runs, (run) => chainOf(client, run))).flat();
    },

    async endChains(_settings, { runs, shutdown, by, reason }) {
      const client = getClient();
      for (const { workflowId, runId } of runs) {
        const handle = client.workflow.getHandle(workflowId, runId);
        // Where it has ended meanwhile, the next look finds the one after it.
        await unlessGone(() => handle.terminate(`The cron chain is ended by ${by} (${shutdown}): ${reason}`));
      }
    },

    async startChains(_context, { chains }) {
      const client = getClient();
      for (const { workflowId, start } of chains) {
        if ((await openExecution(client, workflowId)) !== undefined) continue;
        await client.workflowService.startWorkflowExecution(
          StartWorkflowExecutionRequest.fromObject({
            ...start,
            namespace: client.options.namespace,
            identity: client.options.identity,
            requestId: randomUUID(),
          }),
        );
      }
    },
  };
}

/** As the first event of the run's history says; none where it is not of a chain. */
async function chainOf(client: Client, { workflowId, runId }: FoundRun): Promise<Chain[]> {
  const event = await firstEvent(client, workflowId, runId);
  const started = event?.workflowExecutionStartedEventAttributes;
  const cron = started?.cronSchedule ?? '';
  if (!event || !started || cron === '') return [];
  const request = StartWorkflowExecutionRequest.create({
    workflowId,
    cronSchedule: cron,
    workflowType: started.workflowType ?? null,
    taskQueue: started.taskQueue ?? null,
    input: started.input ?? null,
    header: started.header ?? null,
    memo: started.memo ?? null,
    searchAttributes: started.searchAttributes ?? null,
    workflowExecutionTimeout: started.workflowExecutionTimeout ?? null,
    workflowRunTimeout: started.workflowRunTimeout ?? null,
    workflowTaskTimeout: started.workflowTaskTimeout ?? null,
    retryPolicy: started.retryPolicy ?? null,
    userMetadata: event.userMetadata ?? null,
  });
  const start: unknown = StartWorkflowExecutionRequest.toObject(request, {
    bytes: String,
    longs: String,
    enums: String,
  });
  return [chainSchema.parse({ workflowId, cron, start })];
}
