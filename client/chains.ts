/** The cron chains that start the pipeline: whoever starts the workflow with a cron text makes one. */
import pLimit from 'p-limit';
import { equals } from '../pipeline/executions.ts';
import { PIPELINE_WORKFLOW } from '../pipeline/request.ts';
import { firstEvent } from '../systems/temporal/executions.ts';
import { serverOf, type TemporalLink } from './connection.ts';
import { explain } from './errors.ts';
import { listed } from './run-listing.ts';

export interface ChainView {
  readonly workflowId: string;
  readonly cron: string;
  /** When its next execution begins; absent while one is at work. */
  readonly nextAt: string | undefined;
}

/** Calls to the server at once: each open run is asked how it was started. */
const AT_ONCE = 10;

export async function listChains(link: TemporalLink, taskQueue: string): Promise<ChainView[]> {
  const { client } = link;
  const query = `${equals('WorkflowType', PIPELINE_WORKFLOW)} AND ${equals('TaskQueue', taskQueue)} AND CloseTime IS NULL`;
  const limit = pLimit(AT_ONCE);
  try {
    const asked: Promise<ChainView[]>[] = [];
    for await (const info of client.workflow.list({ query })) {
      const { workflowId, runId, waitsUntil } = listed(info);
      asked.push(
        limit(async () => {
          const first = await firstEvent(client, workflowId, runId);
          const cron = first?.workflowExecutionStartedEventAttributes?.cronSchedule ?? '';
          return cron === '' ? [] : [{ workflowId, cron, nextAt: waitsUntil }];
        }),
      );
    }
    return (await Promise.all(asked)).flat();
  } catch (error) {
    throw explain(error, serverOf(link));
  }
}
