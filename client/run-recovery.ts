/**
 * Recovery of a closed run: it goes on as the same run, with what it had finished and the Glue runs that it had
 * started. Either a new execution takes over (`resume`), or the server rewinds the closed one to before a stage
 * (`reset`), which keeps its history in one piece but needs the same workflow code.
 */
import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';
import { resumable } from '../pipeline/checkpoint.ts';
import type { Checkpoint, Paused, Progress } from '../pipeline/checkpoint.ts';
import { isOpenExecution, SEARCH_ATTRIBUTES } from '../pipeline/executions.ts';
import { PIPELINE_WORKFLOW } from '../pipeline/request.ts';
import type { Overrides } from '../pipeline/request.ts';
import type { Settings } from '../pipeline/settings.ts';
import { STAGE_NAMES, STAGES } from '../pipeline/stages.ts';
import type { StageName } from '../pipeline/stages.ts';
import { progressQuery } from '../workflows/pipeline/messages.ts';
import { serverOf } from './connection.ts';
import type { TemporalLink } from './connection.ts';
import { ClientError, explain, notFound } from './errors.ts';
import { askRun } from './run-answers.ts';
import type { RunReference } from './references.ts';

/** What going on with a closed run would keep, and what it would do. */
export interface RecoveryPlan {
  readonly run: string;
  readonly workflowId: string;
  readonly runId: string;
  /** What is not done again. */
  readonly kept: readonly Checkpoint[];
  /** Stages that run, the first ones to see that the ground still holds. */
  readonly again: readonly StageName[];
  /** The pause in which the run ended: it holds on, until the run is resumed. */
  readonly paused?: Paused;
}

const { EventType, ResetReapplyExcludeType } = proto.temporal.api.enums.v1;

/** Goes on with runs that have ended early. */
export class RunRecovery {
  readonly #link: TemporalLink;
  readonly #settings: Settings;

  constructor(link: TemporalLink, settings: Settings) {
    this.#link = link;
    this.#settings = settings;
  }

  /**
   * What would be kept and what would run.
   * @param from first stage to do again although it had finished
   * @throws ClientError `Refused` when the run is open or has completed, or can't be recovered in this way
   */
  async plan(
    reference: RunReference,
    from?: StageName,
    by: 'resume' | 'reset' = 'resume',
  ): Promise<RecoveryPlan> {
    await this.#mustBeClosed(reference);
    const progress = await askRun<Progress>(this.#link, reference, (handle) => handle.query(progressQuery));
    if (from !== undefined && by === 'reset') mustNotAdopt(reference, progress, from);
    const kept = resumable(progress, from).checkpoints;
    const { paused } = progress;
    const passed = new Set(kept.map(({ stage }) => stage));
    const { workflowId, runId } = reference;
    const again = STAGE_NAMES.filter((stage) => !passed.has(stage));
    return {
      run: progress.run,
      workflowId,
      runId,
      kept,
      again,
      ...(paused === undefined ? {} : { paused }),
    };
  }

  /**
   * Starts an execution that goes on with the run. One at a time: the workflow id is the run's own.
   * @throws ClientError `Refused` when somebody has resumed it already
   */
  async resume(
    { workflowId, runId, run }: RunReference,
    options: { readonly from?: StageName; readonly overrides?: Overrides; readonly reason: string },
  ): Promise<RunReference> {
    const { from, overrides, reason } = options;
    const request = {
      trigger: 'recovery',
      resumeFrom: { runId, ...(from === undefined ? {} : { stage: from }) },
      ...(overrides === undefined ? {} : { overrides }),
    };
    try {
      const handle = await this.#link.client.workflow.start(PIPELINE_WORKFLOW, {
        workflowId,
        taskQueue: this.#settings.taskQueue,
        args: [request],
        staticSummary: `goes on with ${run}: ${reason}`.slice(0, 200),
      });
      const { firstExecutionRunId } = handle;
      return { workflowId, runId: firstExecutionRunId, originalRunId: firstExecutionRunId, run };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        throw new ClientError('Refused', `${workflowId} is running again already.`, {
          advice: `msp watch ${workflowId} shows it.`,
          cause: error,
        });
      }
      throw explain(error, serverOf(this.#link));
    }
  }

  /**
   * Rewinds the run to before a stage. Signals and updates that it had got are left out: a command of its former life
   * must not be followed in the new one.
   * @param from the stage; the one in which the run ended when absent
   * @throws ClientError `Refused` when a Glue stage that had finished would be done again
   */
  async reset(
    reference: RunReference,
    options: { readonly from?: StageName; readonly reason: string },
  ): Promise<RunReference & { readonly eventId: number; readonly stage: StageName }> {
    await this.#mustBeClosed(reference);
    if (options.from !== undefined) await this.plan(reference, options.from, 'reset');
    const { workflowId, runId } = reference;
    const { eventId, stage } = await this.#beginningOf(reference, options.from);
    const { client, namespace } = this.#link;
    try {
      const answer = await client.workflowService.resetWorkflowExecution({
        namespace,
        workflowExecution: { workflowId, runId },
        reason: options.reason,
        workflowTaskFinishEventId: eventId,
        requestId: randomUUID(),
        resetReapplyExcludeTypes: [
          ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL,
          ResetReapplyExcludeType.RESET_REAPPLY_EXCLUDE_TYPE_UPDATE,
        ],
      });
      return { ...reference, runId: answer.runId, eventId: Number(eventId), stage };
    } catch (error) {
      throw explain(error, `run ${workflowId}`);
    }
  }

  /** The workflow task that began a stage for the last time: in it the run said that it is in that stage. */
  async #beginningOf(
    { workflowId, runId }: RunReference,
    from: StageName | undefined,
  ): Promise<{ eventId: Long; stage: StageName }> {
    const { events } = await this.#link.client.workflow.getHandle(workflowId, runId).fetchHistory();
    const begun = (events ?? []).flatMap(
      ({ eventType, upsertWorkflowSearchAttributesEventAttributes: said }) => {
        if (eventType !== EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES) return [];
        const data = said?.searchAttributes?.indexedFields?.[SEARCH_ATTRIBUTES.stage]?.data;
        const stage = data === null || data === undefined ? undefined : stageIn(data);
        const eventId = said?.workflowTaskCompletedEventId;
        return stage === undefined || eventId === null || eventId === undefined ? [] : [{ eventId, stage }];
      },
    );
    const found = begun.findLast(({ stage }) => from === undefined || stage === from);
    if (found === undefined) {
      throw notFound(
        from === undefined ? `${workflowId} had begun no stage.` : `${workflowId} had not begun ${from}.`,
        'Start a new run instead.',
      );
    }
    return found;
  }

  async #mustBeClosed({ workflowId, runId }: RunReference): Promise<void> {
    try {
      const { status } = await this.#link.client.workflow.getHandle(workflowId, runId).describe();
      if (isOpenExecution(status.name)) {
        throw new ClientError('Refused', `${workflowId} has not ended: it need not be recovered.`, {
          advice: `msp status ${workflowId} shows where it is; a parked stage is retried with msp retry.`,
        });
      }
      if (status.name === 'COMPLETED') {
        throw new ClientError('Refused', `${workflowId} has completed: nothing is left to do.`, {
          advice: 'Days are computed again with msp run --date.',
        });
      }
    } catch (error) {
      throw explain(error, `run ${workflowId}`);
    }
  }
}

/** A rewound run asks for its Glue runs with the tokens that they had, and adopts those that have succeeded. */
function mustNotAdopt({ workflowId }: RunReference, { checkpoints }: Progress, from: StageName): void {
  const again = STAGE_NAMES.slice(STAGE_NAMES.indexOf(from));
  const finished = checkpoints.find(
    ({ stage, outcome }) => outcome === 'done' && again.includes(stage) && STAGES[stage].script !== undefined,
  );
  if (finished === undefined) return;
  const { stage } = finished;
  throw new ClientError('Refused', `${stage} would not run again: a rewound run adopts its Glue run.`, {
    advice: `Without --reset a new one is started: msp recover run ${workflowId} --from ${from}`,
  });
}

type Long = NonNullable<
  temporal.api.history.v1.IUpsertWorkflowSearchAttributesEventAttributes['workflowTaskCompletedEventId']
>;

function stageIn(data: Uint8Array): StageName | undefined {
  const value: unknown = JSON.parse(Buffer.from(data).toString());
  return STAGE_NAMES.find((name) => name === (Array.isArray(value) ? value[0] : value));
}
