/** What Temporal knows of other runs. Reads only. */
import { activityInfo, getClient } from '@temporalio/activity';
import { QueryNotRegisteredError, QueryRejectedError, WorkflowNotFoundError } from '@temporalio/client';
import type { Client, WorkflowHandle } from '@temporalio/client';
import proto from '@temporalio/proto';
import pLimit from 'p-limit';
import type { CommandActivities, PipelineActivities } from '../../pipeline/activity-types.ts';
import { progressSchema } from '../../pipeline/checkpoint.ts';
import type { Owner } from '../../pipeline/inputs.ts';
import { problemsOf } from '../../pipeline/problems.ts';
import { beginningOf, openExecution, unlessGone } from '../../systems/temporal/executions.ts';
import { failure } from '../call.ts';
import { TEMPORAL_AT_ONCE } from '../parallel.ts';

type RunActivities = Pick<PipelineActivities, 'findClosedWorkflows' | 'readProgress'>;

/** Asking a closed run for its progress replays its history on a worker: seconds, unless none is free. */
const PROGRESS_WITHIN_MS = 40_000;

export function createRunActivities(): RunActivities {
  return {
    async findClosedWorkflows(workflowIds) {
      const client = getClient();
      const closed = await Promise.all(
        workflowIds.map(async (id) => ((await openExecution(client, id))?.waits === false ? [] : [id])),
      );
      return closed.flat();
    },

    async readProgress({ workflowId, runId }) {
      const client = getClient();
      const handle = client.workflow.getHandle(workflowId, runId);
      const named = `Run ${runId} of ${workflowId}`;
      try {
        const { status, type } = await handle.describe();
        if (type !== activityInfo().workflowType) {
          throw failure('ResumeImpossible', `${named} is a ${type}, not a run of the pipeline`);
        }
        if (status.name === 'COMPLETED') {
          throw failure('ResumeImpossible', `${named} has completed: nothing is left to do`);
        }
        // The server would let the question wait for a first step that never comes.
        if (!(await hasBegun(handle))) {
          throw failure('ResumeImpossible', `${named} was closed before it had begun`);
        }
        const progress: unknown = await client.withDeadline(Date.now() + PROGRESS_WITHIN_MS, () =>
          handle.query('progress'),
        );
        const read = progressSchema.safeParse(progress);
        if (!read.success) {
          const wrong = problemsOf(read.error).join('; ');
          throw failure('ResumeImpossible', `${named} tells in another form what it had done: ${wrong}`);
        }
        return read.data;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) {
          throw failure('ResumeImpossible', `${named} is not there; has its history expired?`, error);
        }
        if (error instanceof QueryRejectedError || error instanceof QueryNotRegisteredError) {
          throw failure('ResumeImpossible', `${named} does not tell what it had done`, error);
        }
        throw error;
      }
    },
  };
}

async function hasBegun(handle: WorkflowHandle): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  const { EVENT_TYPE_WORKFLOW_TASK_COMPLETED: stepped } = proto.temporal.api.enums.v1.EventType;
  return events?.some(({ eventType }) => eventType === stepped) ?? false;
}

/** Which of these runs have ended, by their ids in the bucket. */
export async function closedRuns(owners: readonly Owner[]): Promise<string[]> {
  const client = getClient();
  const limit = pLimit(TEMPORAL_AT_ONCE);
  const closed = await limit.map(owners, async (owner) => ((await isOpen(client, owner)) ? [] : [owner.run]));
  return closed.flat();
}

/** At most one execution is open under a workflow id; whether it is this run's, its beginning tells. */
async function isOpen(client: Client, { run, workflowId, originalRunId }: Owner): Promise<boolean> {
  const open = await openExecution(client, workflowId);
  if (open === undefined) return false;
  const beginning = await unlessGone(() => beginningOf(client, workflowId, open.runId));
  if (beginning === undefined) return false;
  // A run that moved to a new history brings its id along.
  return beginning.originalRunId === originalRunId || (beginning.moved && open.run === run);
}

export function createCommandActivities(): CommandActivities {
  return {
    identifyRun() {
      return Promise.resolve({ runId: activityInfo().workflowExecution?.runId ?? '' });
    },
  };
}
