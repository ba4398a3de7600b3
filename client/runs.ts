/**
 * Runs of the pipeline: start, find, look at, wait for and command them.
 *
 * A run is named by its Temporal workflow id, by the id that it has in the bucket (`processed/runs/ID/`), or as
 * `latest`. Commands always carry the Temporal run id that was looked at, so that a later reset of the run does not
 * follow them a second time.
 */
import { randomBytes } from 'node:crypto';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import {
  WorkflowContinuedAsNewError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { Checkpoint } from '../pipeline/checkpoint.ts';
import { equals, SEARCH_ATTRIBUTES } from '../pipeline/executions.ts';
import { runIdOf } from '../pipeline/layout.ts';
import { PIPELINE_WORKFLOW, pipelineRequestSchema, type PipelineRequest } from '../pipeline/request.ts';
import type { Settings } from '../pipeline/settings.ts';
import { beginningOf } from '../systems/temporal/executions.ts';
import {
  checkpointsQuery,
  signals,
  statusQuery,
  timelineQuery,
  type CommandAnswer,
  type CommandInput,
  type CommandName,
  type RunStatus,
} from '../workflows/pipeline/messages.ts';
import type { PipelineResult } from '../workflows/pipeline/workflow.ts';
import type { TimelineEntry } from '../workflows/shared/timeline.ts';
import { serverOf, type TemporalLink } from './connection.ts';
import { eachTried } from './each-tried.ts';
import { askRun, explainRun, tell } from './run-answers.ts';
import { causesOf, checkRequest, ClientError, explain, notFound } from './errors.ts';
import type { RunReference } from './references.ts';
import { listed, type ListedRun } from './run-listing.ts';

/** How a run ended. */
export type RunEnd =
  | { readonly ended: 'completed'; readonly result: PipelineResult }
  | { readonly ended: 'failed'; readonly message: string };

/** Runs looked at to find `latest` or a run by its id in the bucket: months of daily runs. */
const RUNS_SEARCHED = 500;

/**
 * Starts, finds, asks and commands runs.
 *
 * @example
 * ```ts
 * const run = await pipeline.runs.start({});
 * const end = await pipeline.runs.result(run);
 * if (end.ended === 'completed') console.log(end.result.outcome, end.result.days);
 * ```
 */
export class Runs {
  readonly #link: TemporalLink;
  readonly #client: Client;
  readonly #settings: Settings;

  constructor(link: TemporalLink, settings: Settings) {
    this.#link = link;
    this.#client = link.client;
    this.#settings = settings;
  }

  /**
   * Starts a run.
   * @param id the workflow id; made from pipeline and time when absent
   * @throws ClientError `WrongUse` for a wrong request or an id that is running
   */
  async start(request: PipelineRequest, id?: string): Promise<RunReference> {
    checkRequest(pipelineRequestSchema, request);
    const workflowId = id ?? newWorkflowId(this.#settings.pipeline, new Date());
    try {
      const handle = await this.#client.workflow.start(PIPELINE_WORKFLOW, {
        workflowId,
        taskQueue: this.#settings.taskQueue,
        args: [request],
        staticSummary: summaryOf(request),
      });
      const originalRunId = handle.firstExecutionRunId;
      return { workflowId, runId: originalRunId, originalRunId, run: runIdOf(workflowId, originalRunId) };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        throw new ClientError('WrongUse', `A run with the id ${workflowId} is running already.`, {
          advice: 'Give another --id, or none.',
          cause: error,
        });
      }
      throw explain(error, serverOf(this.#link));
    }
  }

  /** Runs of this pipeline, the latest first. */
  async list(options: { readonly limit?: number; readonly status?: string } = {}): Promise<ListedRun[]> {
    const { limit = 20, status } = options;
    const conditions = status === undefined ? [] : [equals(SEARCH_ATTRIBUTES.status, status)];
    const found: ListedRun[] = [];
    for await (const info of this.#listed(conditions)) {
      found.push(listed(info));
      if (found.length >= Math.max(limit, RUNS_SEARCHED)) break;
    }
    return found.sort((a, b) => b.startedAt.localeCompare(a.startedAt)).slice(0, limit);
  }

  /**
   * The run that a person means.
   * @param reference workflow id, id in the bucket, or `latest`
   * @throws ClientError `NotFound`
   */
  async find(reference: string): Promise<RunReference> {
    if (reference === 'latest') {
      const latest = (await this.list({ limit: RUNS_SEARCHED })).find(
        ({ waitsUntil }) => waitsUntil === undefined,
      );
      if (latest === undefined) {
        throw notFound(`There is no run of ${this.#settings.pipeline} yet.`, 'Start one with msp run.');
      }
      return await this.#reference(latest.workflowId, latest.runId);
    }
    return (await this.#byWorkflowId(reference)) ?? (await this.#byRun(reference));
  }

  async #byWorkflowId(workflowId: string): Promise<RunReference | undefined> {
    try {
      return await this.#reference(workflowId);
    } catch (error) {
      if (error instanceof ClientError && error.code === 'NotFound') return undefined;
      throw error;
    }
  }

  /** A run that was resumed has several executions; the latest is the one that goes on. */
  async #byRun(run: string): Promise<RunReference> {
    const executions: ListedRun[] = [];
    for await (const info of this.#listed([equals(SEARCH_ATTRIBUTES.run, run)])) {
      executions.push(listed(info));
    }
    const latest = executions.sort((a, b) => b.startedAt.localeCompare(a.startedAt))[0];
    if (latest === undefined) throw notFound(`There is no run ${run}.`, 'msp runs lists them.');
    return await this.#reference(latest.workflowId, latest.runId);
  }

  async #reference(workflowId: string, runId?: string): Promise<RunReference> {
    try {
      const described = await this.#client.workflow.getHandle(workflowId, runId).describe();
      const { originalRunId } = await beginningOf(this.#client, workflowId, described.runId);
      const run = listed(described).run ?? runIdOf(workflowId, originalRunId);
      return { workflowId, runId: described.runId, originalRunId, run };
    } catch (error) {
      throw explainRun(error, workflowId, this.#link);
    }
  }

  /** The run as the server knows it; needs no worker. */
  async describe({ workflowId, runId }: RunReference): Promise<ListedRun> {
    try {
      return listed(await this.#client.workflow.getHandle(workflowId, runId).describe());
    } catch (error) {
      throw explainRun(error, workflowId, this.#link);
    }
  }

  /** Where the run is and what it waits for. Answered by a worker, also for a run that has ended. */
  async status(reference: RunReference): Promise<RunStatus> {
    return await askRun(this.#link, reference, (handle) => handle.query(statusQuery));
  }

  /** What each finished stage left. */
  async checkpoints(reference: RunReference): Promise<Checkpoint[]> {
    return await askRun(this.#link, reference, (handle) => handle.query(checkpointsQuery));
  }

  /** What happened when, and who asked for it. */
  async timeline(reference: RunReference): Promise<TimelineEntry[]> {
    return await askRun(this.#link, reference, (handle) => handle.query(timelineQuery));
  }

  /**
   * Gives a run a command and waits until it is taken.
   * @throws ClientError `Refused` with the run's own words when it can't follow it now
   */
  async command<N extends CommandName>(
    name: N,
    reference: RunReference,
    args: Omit<CommandInput<N>, 'run' | 'runId'>,
  ): Promise<CommandAnswer> {
    const advice = `msp status ${reference.workflowId} shows where it is.`;
    return await tell(this.#link, reference, { name, args, what: 'The run', advice });
  }

  /**
   * Tells every open run to shut down, by signal, which needs no worker now.
   * @param did told of the workflow id of each that was told
   */
  async tellAll(
    args: Omit<CommandInput<'emergencyShutdown'>, 'run' | 'runId'>,
    did: (workflowId: string) => void,
  ): Promise<void> {
    await eachTried(this.#listed(['CloseTime IS NULL']), async ({ workflowId, runId }) => {
      if (await this.tellToStop({ workflowId, runId }, args)) did(workflowId);
    });
  }

  /**
   * Tells a run to shut down as {@link tellAll} does.
   * @returns `false` for one that has ended
   */
  async tellToStop(
    { workflowId, runId }: Pick<RunReference, 'workflowId' | 'runId'>,
    args: Omit<CommandInput<'emergencyShutdown'>, 'run' | 'runId'>,
  ): Promise<boolean> {
    const handle = this.#client.workflow.getHandle(workflowId, runId);
    try {
      await handle.signal(signals.emergencyShutdown, { ...args, runId });
      return true;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw explainRun(error, workflowId, this.#link);
    }
  }

  /** Waits for the end of the run, through a reset and a new history. What a cron chain begins then is another run. No limit of time: a run may wait for days for an operator. */
  async result(reference: RunReference): Promise<RunEnd> {
    const { workflowId, runId, originalRunId } = reference;
    const handle = this.#client.workflow.getHandle<(request: PipelineRequest) => Promise<PipelineResult>>(
      workflowId,
      runId,
      { followRuns: false },
    );
    try {
      const result = await this.#client.withMetadata(FOLLOWS_CHAINS, () => handle.result());
      return { ended: 'completed', result };
    } catch (error) {
      if (error instanceof WorkflowContinuedAsNewError) {
        return await this.result(await this.#reference(workflowId, error.newExecutionRunId));
      }
      if (!(error instanceof WorkflowFailedError)) throw explainRun(error, workflowId, this.#link);
      const last = await this.#reference(workflowId);
      // A reset ends the execution, and the run goes on in another that began as the same one.
      if (last.originalRunId === originalRunId && last.runId !== runId) return await this.result(last);
      const messages = causesOf(error.cause).map((cause) =>
        cause instanceof Error ? cause.message : String(cause),
      );
      return { ended: 'failed', message: messages.length === 0 ? error.message : messages.join(': ') };
    }
  }

  async *#listed(conditions: readonly string[]): AsyncGenerator<WorkflowExecutionInfo> {
    const own = [equals('WorkflowType', PIPELINE_WORKFLOW), equals('TaskQueue', this.#settings.taskQueue)];
    const query = [...own, ...conditions].join(' AND ');
    try {
      yield* this.#client.workflow.list({ query, pageSize: 100 });
    } catch (error) {
      throw explain(error, serverOf(this.#link));
    }
  }
}

/**
 * To a client that does not say this, the server tells of an execution in a cron chain that it continues as the next one,
 * whatever its end was, because older clients could not follow a chain otherwise.
 */
const FOLLOWS_CHAINS = { 'supported-features': 'follows-next-run-id' };

/** `music_streaming-20240625T030000Z-3f2a`: sorts by time; the random end keeps two runs of one second apart. */
function newWorkflowId(pipeline: string, at: Date): string {
  const time = at.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${pipeline}-${time}-${randomBytes(2).toString('hex')}`;
}

function summaryOf(request: PipelineRequest): string {
  if (request.dates !== undefined) return `compute again: ${request.dates.slice(0, 7).join(', ')}`;
  if (request.inputs !== undefined) return `${request.inputs.length} named inputs`;
  return 'all new inputs';
}
