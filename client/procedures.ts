/**
 * Procedures: start, find, look at, command and wait for them.
 *
 * A procedure's workflow id is fixed by what it works on, so that only one at a time can work on the same data; whoever
 * asks for a second is told which one runs. A procedure is named by the id that it has in the bucket
 * (`processed/procedures/ID/`), or as `latest`.
 */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowIdConflictPolicy,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { z } from 'zod';
import { equals, SEARCH_ATTRIBUTES } from '../pipeline/executions.ts';
import { layout, runIdOf } from '../pipeline/layout.ts';
import { PROCEDURE_NAMES, PROCEDURES, WORKS_ON } from '../pipeline/procedures/steps.ts';
import type { ProcedureName } from '../pipeline/procedures/steps.ts';
import { recoveryRequestSchema, type RecoveryRequest } from '../pipeline/recovery/request.ts';
import { resetRequestSchema, type ResetRequest } from '../pipeline/reset/request.ts';
import type { Settings } from '../pipeline/settings.ts';
import { SHUTDOWN_WORKFLOW, UNDO_WORKFLOW, undoRequestSchema } from '../pipeline/shutdown.ts';
import type { UndoRequest } from '../pipeline/shutdown.ts';
import {
  statusQuery,
  timelineQuery,
  type ProcedureAnswer,
  type ProcedureCommandArguments,
  type ProcedureCommandName,
  type ProcedureStatus,
} from '../workflows/procedures/messages.ts';
import type { ProcedureResult } from '../workflows/procedures/procedure.ts';
import type { TimelineEntry } from '../workflows/shared/timeline.ts';
import { serverOf, type TemporalLink } from './connection.ts';
import { causesOf, checkRequest, ClientError, explain, notFound, shapeOf } from './errors.ts';
import type { Objects } from './objects.ts';
import type { ListedProcedure, ProcedureView } from './procedure-view.ts';
import { askRun, tell } from './run-answers.ts';
import { listed } from './run-listing.ts';

export interface ProcedureReference {
  /** The procedure's id in the bucket. */
  readonly id: string;
  readonly workflowId: string;
  readonly runId: string;
}

/** How a procedure ended. */
export type ProcedureEnd =
  | { readonly ended: 'completed'; readonly result: ProcedureResult }
  | { readonly ended: 'failed'; readonly message: string; readonly failure?: string };

/**
 * Starts and steers procedures.
 *
 * @example
 * ```ts
 * const procedure = await pipeline.procedures.recoverData({ dates: ['2024-06-25'], by, reason });
 * const { plan } = await pipeline.procedures.view(procedure);
 * if (plan !== null) await pipeline.procedures.command('approve', procedure, { by, reason, digest: plan.digest });
 * const end = await pipeline.procedures.result(procedure);
 * ```
 */
export class Procedures {
  readonly #link: TemporalLink;
  readonly #settings: Settings;
  readonly #bucket: Objects;

  constructor(link: TemporalLink, settings: Settings, bucket: Objects) {
    this.#link = link;
    this.#settings = settings;
    this.#bucket = bucket;
  }

  /** @throws ClientError `WrongUse` for a wrong request, `Refused` while another procedure works on the data */
  async recoverData(request: RecoveryRequest): Promise<ProcedureReference> {
    return await this.#start('dataRecovery', recoveryRequestSchema, request);
  }

  /** @throws ClientError as {@link recoverData}; `NotFound` where there is no such reset to undo */
  async reset(request: ResetRequest): Promise<ProcedureReference> {
    const { undo } = request;
    if (undo !== undefined && (await this.#isMissing(layout.procedureRecord(undo, 'snapshot')))) {
      throw notFound(
        `There is no reset ${undo} that has changed anything.`,
        'msp procedures list names them.',
      );
    }
    return await this.#start('pipelineReset', resetRequestSchema, request);
  }

  /** @throws ClientError as {@link recoverData}; `NotFound` where there was no such shutdown */
  async undoShutdown(request: UndoRequest): Promise<ProcedureReference> {
    const { shutdown } = request;
    if (
      (await this.#isMissing(layout.shutdown(shutdown, 'plan.json'))) &&
      !(await this.#wasStarted(shutdown))
    ) {
      throw notFound(
        `There was no shutdown ${shutdown}.`,
        'Give the id that the shutdown printed; its folder is under processed/shutdowns/.',
      );
    }
    return await this.#start(UNDO_WORKFLOW, undoRequestSchema, request);
  }

  /** The latest first. */
  async list(limit = 20): Promise<ListedProcedure[]> {
    const types = PROCEDURE_NAMES.map((name) => `'${name}'`).join(', ');
    const found = await this.#listed(`WorkflowType IN (${types})`);
    return found.sort((a, b) => b.startedAt.localeCompare(a.startedAt)).slice(0, limit);
  }

  /**
   * The procedure that a person means.
   * @param reference its id, or `latest`
   * @throws ClientError `NotFound`
   */
  async find(reference: string): Promise<ListedProcedure> {
    if (reference === 'latest') {
      const [latest] = await this.list(1);
      if (latest !== undefined) return latest;
      throw notFound('No procedure has been started yet.', 'msp recover data and msp reset start one.');
    }
    const [found] = await this.#listed(equals(SEARCH_ATTRIBUTES.run, reference));
    if (found !== undefined) return found;
    throw notFound(`There is no procedure ${reference}.`, 'msp procedures list names them.');
  }

  async status(reference: ProcedureReference): Promise<ProcedureStatus> {
    return await askRun(this.#link, reference, (handle) => handle.query(statusQuery));
  }

  async timeline(reference: ProcedureReference): Promise<TimelineEntry[]> {
    return await askRun(this.#link, reference, (handle) => handle.query(timelineQuery));
  }

  /** The procedure as it is now; what only a worker can tell is left out while none answers. */
  async view(reference: ProcedureReference): Promise<ProcedureView> {
    const found = await this.#describe(reference.workflowId, reference.runId);
    const end = found.endedAt === undefined ? undefined : await this.result(reference);
    const ended = {
      ...(end?.ended === 'completed' ? { incomplete: end.result.incomplete } : {}),
      ...(end?.ended === 'failed' && end.failure !== undefined ? { failure: end.failure } : {}),
    };
    try {
      const status = await this.status(reference);
      const timeline = await this.timeline(reference);
      const { id: _id, procedure: _procedure, startedAt: _startedAt, step, status: said, ...shown } = status;
      return {
        ...found,
        // A procedure that was terminated could not say that it has ended.
        status: found.endedAt === undefined ? said : found.status,
        ...(step === null ? {} : { step }),
        ...shown,
        commands: found.endedAt === undefined ? shown.commands : [],
        ...ended,
        answered: true,
        timeline,
      };
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      const outcome = end?.ended === 'failed' ? end.message : (end?.result.outcome ?? null);
      const unknown = {
        plan: null,
        approval: null,
        awaitedRun: null,
        waiting: null,
        paused: null,
        parked: null,
        report: null,
      };
      return {
        ...found,
        ...unknown,
        ...ended,
        outcome,
        answered: false,
        steps: [],
        commands: [],
        timeline: [],
      };
    }
  }

  /**
   * Gives a procedure a command and waits until it is taken.
   * @throws ClientError `Refused` with the procedure's own words when it can't follow it now
   */
  async command<N extends ProcedureCommandName>(
    name: N,
    reference: ProcedureReference,
    args: Omit<ProcedureCommandArguments<N>, 'run' | 'runId'>,
  ): Promise<ProcedureAnswer> {
    const advice = `msp procedures show ${reference.id} shows where it is.`;
    return await tell(this.#link, reference, { name, args, what: 'The procedure', advice });
  }

  /** Waits for the end, however long an approval takes. */
  async result({ workflowId, runId }: ProcedureReference): Promise<ProcedureEnd> {
    const handle = this.#link.client.workflow.getHandle<() => Promise<ProcedureResult>>(workflowId, runId);
    try {
      return { ended: 'completed', result: await handle.result() };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw explain(error, serverOf(this.#link));
      const [, cause = error] = causesOf(error);
      const failure = cause instanceof ApplicationFailure ? (cause.type ?? undefined) : undefined;
      const { message } = shapeOf(cause);
      return { ended: 'failed', message, ...(failure === undefined ? {} : { failure }) };
    }
  }

  async #start(procedure: ProcedureName, schema: z.ZodType, request: object): Promise<ProcedureReference> {
    checkRequest(schema, request);
    const { pipeline, taskQueue } = this.#settings;
    const workflowId = `${pipeline}-${WORKS_ON[procedure]}`;
    try {
      const handle = await this.#link.client.workflow.start(procedure, {
        workflowId,
        taskQueue,
        args: [request],
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
        staticSummary: PROCEDURES[procedure].summary,
      });
      const runId = handle.firstExecutionRunId;
      return { id: runIdOf(workflowId, runId), workflowId, runId };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) throw await this.#running(workflowId, error);
      throw explain(error, serverOf(this.#link));
    }
  }

  /** Whether the bucket says that there is no such object; what can't be asked now is left to the procedure. */
  async #isMissing(key: string): Promise<boolean> {
    try {
      return await this.#bucket.isEmpty(key);
    } catch (error) {
      if (error instanceof ClientError) return false;
      throw error;
    }
  }

  /** A shutdown that could not write its plan tells the procedure itself what it has stopped. */
  async #wasStarted(shutdown: string): Promise<boolean> {
    const query = `${equals('WorkflowType', SHUTDOWN_WORKFLOW)} AND ${equals(SEARCH_ATTRIBUTES.run, shutdown)}`;
    try {
      const first = await this.#link.client.workflow.list({ query })[Symbol.asyncIterator]().next();
      return first.done !== true;
    } catch (error) {
      throw explain(error, serverOf(this.#link));
    }
  }

  async #running(workflowId: string, cause: unknown): Promise<ClientError> {
    const running = await this.#describe(workflowId);
    const { id, procedure, status } = running;
    return new ClientError(
      'Refused',
      `Procedure ${id} (${procedure}, ${status}) is at work on the same data.`,
      {
        advice: `msp procedures show ${id} shows what it waits for; msp procedures abort ${id} ends it.`,
        cause,
      },
    );
  }

  /** @param runId the latest execution when absent */
  async #describe(workflowId: string, runId?: string): Promise<ListedProcedure> {
    const handle = this.#link.client.workflow.getHandle(workflowId, runId);
    try {
      const described = await handle.describe();
      const found = listedProcedure(described);
      if (found !== undefined) return found;
    } catch (error) {
      throw explain(error, `procedure ${workflowId}`);
    }
    throw notFound(`${workflowId} is no procedure.`, 'msp procedures list names them.');
  }

  async #listed(condition: string): Promise<ListedProcedure[]> {
    const query = `${condition} AND ${equals('TaskQueue', this.#settings.taskQueue)}`;
    const found: ListedProcedure[] = [];
    try {
      for await (const info of this.#link.client.workflow.list({ query, pageSize: 100 })) {
        const procedure = listedProcedure(info);
        if (procedure !== undefined) found.push(procedure);
      }
    } catch (error) {
      throw explain(error, serverOf(this.#link));
    }
    return found;
  }
}

/** @returns `undefined` for what is no procedure */
function listedProcedure(
  info: Parameters<typeof listed>[0] & { readonly type: string },
): ListedProcedure | undefined {
  const procedure = PROCEDURE_NAMES.find((name) => name === info.type);
  if (procedure === undefined) return undefined;
  const { workflowId, runId, run, status, execution, stage, startedAt, endedAt } = listed(info);
  return {
    id: run ?? runIdOf(workflowId, runId),
    ...{ procedure, workflowId, runId, startedAt },
    status: status ?? execution,
    ...(stage === undefined ? {} : { step: stage }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}
