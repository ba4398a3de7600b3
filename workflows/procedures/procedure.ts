/**
 * How every procedure works, once: plan, approval, action, verification, report.
 *
 * A plan is a document in S3 with a digest; an approval names the digest and nothing else is approved by it. Right
 * before the first action the plan is made again: if its digest has changed, so has the world, and the procedure asks
 * again. Steps are done one after another. Each can be repeated: a killed worker repeats its activities, and a step
 * that gives up parks the procedure until an operator asks for it again or aborts. A paused procedure begins no step.
 * However it ends by itself, it leaves a report in S3, or says that it could not.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  executeChild,
  isCancellation,
  log,
  ParentClosePolicy,
  workflowInfo,
} from '@temporalio/workflow';
import { isUnknownSubject } from '../../pipeline/failures.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { PIPELINE_WORKFLOW } from '../../pipeline/request.ts';
import type { PipelineRequest } from '../../pipeline/request.ts';
import type { ProcedureAtWork } from '../../pipeline/procedures/activity-types.ts';
import type { PlanSummary } from '../../pipeline/procedures/plan.ts';
import type { CommonRequest } from '../../pipeline/procedures/request.ts';
import { excluding } from '../../pipeline/procedures/steps.ts';
import type { ProcedureName, StepId } from '../../pipeline/procedures/steps.ts';
import { stopping } from '../emergency-shutdown/activities.ts';
import type { musicStreamingPipeline, PipelineResult } from '../pipeline/workflow.ts';
import { now } from '../shared/clock.ts';
import { Conversation } from '../shared/conversation.ts';
import { Aborted, Expired } from '../shared/endings.ts';
import { failureOf } from '../shared/failure.ts';
import { ownRunId } from '../shared/run-id.ts';
import { awaiting, quick } from './activities.ts';
import type { COMMANDS, ProcedureAnswer } from './messages.ts';
import { rules } from './rules.ts';
import {
  approveAhead,
  ask,
  begin,
  complete,
  end,
  enter,
  initialState,
  park,
  planned,
  proceed,
  runAwaited,
  runStarted,
  unreported,
} from './state.ts';
import type { Decision, Phase, ProcedureState, ProcedureStatusName } from './state.ts';

/** A step's result and one line about it for people. */
export interface StepOutcome<T> {
  readonly result: T;
  readonly summary: string;
}

/** How a procedure ended. */
export interface Ending {
  readonly status: Extract<ProcedureStatusName, 'Completed' | 'Planned' | 'Rejected'>;
  /** In words. */
  readonly outcome: string;
  /** Something is left that the procedure could not put right; the report names it. */
  readonly incomplete?: boolean;
}

export interface ProcedureResult {
  readonly id: string;
  readonly status: ProcedureStatusName;
  readonly outcome: string;
  readonly incomplete: boolean;
  /** Digest of the last plan. */
  readonly plan: string | null;
  /** Key of the report. */
  readonly report: string | null;
}

/** Carries out a procedure; its failure is the workflow's, after the report. */
export async function runProcedure(
  name: ProcedureName,
  request: CommonRequest,
  body: (procedure: Procedure) => Promise<Ending>,
): Promise<ProcedureResult> {
  const procedure = new Procedure(name, request);
  try {
    await procedure.prepare();
    return await procedure.finish(await body(procedure));
  } catch (error) {
    await CancellationScope.nonCancellable(() => procedure.finishBadly(error));
    throw error;
  }
}

export class Procedure {
  readonly #request: CommonRequest;
  readonly #conversation: Conversation<ProcedureState, typeof COMMANDS, ProcedureAnswer>;

  constructor(name: ProcedureName, request: CommonRequest) {
    this.#request = request;
    this.#conversation = new Conversation(rules, initialState(ownRunId(), name, request, now()), name);
  }

  get state(): ProcedureState {
    return this.#conversation.state;
  }

  get context(): RunContext {
    const { context } = this.#conversation;
    if (context === undefined) throw ApplicationFailure.nonRetryable('The settings are not read yet');
    return context;
  }

  async prepare(): Promise<void> {
    const { workflowId, originalExecutionRunId: originalRunId } = workflowInfo();
    const owner = { run: this.state.id, workflowId, originalRunId };
    this.#conversation.context = { owner, settings: await quick.readRunSettings() };
    await this.#endUnlessAlone({ settled: false });
  }

  /**
   * One at a time works on the same, whatever workflow ids they were started with: the one that began first. A later one
   * ends before it has done anything, and it stays the later one: what began before has ended by then, or is found.
   */
  async #endUnlessAlone({ settled }: { readonly settled: boolean }): Promise<void> {
    if (this.#request.dryRun) return;
    const among = excluding(this.state.procedure);
    const other = await quick.findEarlierProcedure(this.context, { among, settled });
    if (other !== null) throw ApplicationFailure.nonRetryable(atWork(other), 'ProcedureAtWork');
  }

  /** Once more before anything is done: at the beginning what began a moment before may not have been listed yet. */
  async #stillAlone(): Promise<void> {
    await this.#endUnlessAlone({ settled: true });
  }

  /**
   * Makes the plan until one is approved that is still true.
   * @returns the plan to carry out, or how the procedure ends without doing anything
   */
  async agree(make: () => Promise<PlanSummary>): Promise<PlanSummary | Ending> {
    let plan = await this.#plan(make);
    for (;;) {
      if (plan.empty) {
        const outcome = withLost('nothing to do', plan);
        return { status: 'Completed', outcome, incomplete: plan.lost > 0 };
      }
      if (this.#request.dryRun) return { status: 'Planned', outcome: 'planned; a dry run changes nothing' };
      if (this.#approvedAhead(plan)) {
        await this.#stillAlone();
        return plan;
      }
      const decision = await this.#asked();
      if (decision === undefined) return { status: 'Planned', outcome: 'nobody approved the plan in time' };
      if (decision.kind === 'reject')
        return { status: 'Rejected', outcome: `rejected by ${decision.by}: ${decision.reason}` };
      await this.#stillAlone();
      const again = await this.#plan(make);
      if (again.digest === plan.digest) return again;
      plan = again;
    }
  }

  async #plan(make: () => Promise<PlanSummary>): Promise<PlanSummary> {
    this.enter('planning');
    const plan = await make();
    this.#conversation.change((state, at) => planned(state, plan, at));
    return plan;
  }

  #approvedAhead({ digest }: PlanSummary): boolean {
    const { approve, by, reason } = this.#request;
    if (approve === 'wait' || approve.digest !== digest) return false;
    this.#conversation.change((state, at) => approveAhead(state, { by, reason, digest }, at));
    return true;
  }

  async #asked(): Promise<Decision | undefined> {
    const since = now();
    this.#conversation.change((state) => ask(state, { since, until: this.#conversation.deadline(since) }));
    const decision = await this.#conversation.decided();
    if (decision === undefined) this.#conversation.change(proceed);
    return decision;
  }

  enter(phase: Phase): void {
    this.#conversation.change((state) => enter(state, phase));
  }

  /** Does a step; parks where it gives up. */
  async step<T>(id: StepId, body: (round: number) => Promise<StepOutcome<T>>): Promise<T> {
    for (;;) {
      await this.#conversation.resumed();
      this.#conversation.change((state, at) => begin(state, id, at));
      try {
        const { result, summary } = await this.#conversation.untilEnding(() => body(this.#roundOf(id)));
        this.#conversation.change((state, at) => complete(state, id, 'done', summary, at));
        return result;
      } catch (error) {
        if (isCancellation(error) || error instanceof Aborted) throw error;
        this.#throwIfUnknown(error);
        await this.#parked(id, error);
      }
    }
  }

  /** What was asked for does not exist and nothing has been done yet: no retry helps, and waiting would be in the way of the right one. */
  #throwIfUnknown(error: unknown): void {
    if (this.state.phase !== 'planning') return;
    const { type, message } = failureOf(error);
    if (!isUnknownSubject(type)) return;
    const cause = error instanceof Error ? { cause: error } : {};
    throw ApplicationFailure.create({ type, message, nonRetryable: true, ...cause });
  }

  notNeeded(id: StepId, because: string): void {
    this.#conversation.change((state, at) => complete(state, id, 'not needed', because, at));
  }

  /**
   * Waits for what earlier rounds of a step have started and that goes on: a run that was shut down and brought back has
   * no one else who waits for it, and another one beside it would find its inputs taken.
   */
  async untilEarlierRunsEnd(round: number): Promise<void> {
    if (round === 1) return;
    const { id: procedure } = this.state;
    const open = await stopping.findOpenRuns(this.context.settings);
    const workflowIds = open.flatMap(({ workflowId }) =>
      workflowId.startsWith(`${procedure}-`) ? [workflowId] : [],
    );
    const [first] = workflowIds;
    if (first === undefined) return;
    this.#conversation.change((state, at) => runAwaited(state, first, at));
    await awaiting.awaitRuns(this.context, { workflowIds });
  }

  /** Runs the pipeline and waits for its end; an abort stops it as well, and it can be resumed. */
  async pipelineRun(id: StepId, label: string, request: PipelineRequest): Promise<PipelineResult> {
    const { id: procedure } = this.state;
    const workflowId = `${procedure}-${label}-${this.#roundOf(id)}`;
    this.#conversation.change((state, at) => runStarted(state, workflowId, at));
    try {
      return await executeChild<typeof musicStreamingPipeline>(PIPELINE_WORKFLOW, {
        workflowId,
        args: [{ trigger: 'recovery', ...request }],
        staticSummary: `for procedure ${procedure}`,
        // A procedure that is terminated leaves a run that looks after itself.
        parentClosePolicy: ParentClosePolicy.ABANDON,
      });
    } catch (error) {
      if (isCancellation(error)) throw error;
      const why =
        error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : '';
      throw ApplicationFailure.create({
        type: 'RunNotCompleted',
        nonRetryable: true,
        message: `Pipeline run ${workflowId} did not complete: ${why}`,
        ...(error instanceof Error ? { cause: error } : {}),
      });
    }
  }

  #roundOf(id: StepId): number {
    return this.state.steps.find((step) => step.id === id)?.round ?? 1;
  }

  async #parked(step: StepId, error: unknown): Promise<void> {
    const since = now();
    const until = this.#conversation.deadline(since);
    this.#conversation.change((state) => park(state, { step, since, until, failure: failureOf(error) }));
    if ((await this.#conversation.decided()) !== undefined) return;
    const last = this.state.parked?.until ?? until;
    throw new Expired(`${step} was parked and nobody decided until ${last}`, error);
  }

  async finish({ status, outcome, incomplete = false }: Ending): Promise<ProcedureResult> {
    this.enter('reporting');
    this.#conversation.change((state, at) => end(state, status, outcome, at));
    try {
      await this.#report();
    } catch (error) {
      // What is done is done, with and without a report.
      if (isCancellation(error)) throw error;
      this.#conversation.change((state, at) => unreported(state, failureOf(error).message, at));
    }
    await condition(allHandlersFinished);
    const { id, plan, report } = this.state;
    return { id, status, outcome, incomplete, plan: plan?.digest ?? null, report };
  }

  /** A report that can't be written must not hide why the procedure ended. */
  async finishBadly(error: unknown): Promise<void> {
    const why = error instanceof Error ? error.message : String(error);
    const aborted = error instanceof Aborted || isCancellation(error);
    this.#conversation.change((state, at) => end(state, aborted ? 'Aborted' : 'Failed', why, at));
    try {
      if (this.#conversation.context !== undefined) await this.#report();
    } catch (unwritten) {
      log.error('The report was not written', { error: unwritten });
    }
    await condition(allHandlersFinished);
  }

  async #report(): Promise<void> {
    const { id, procedure, status, startedAt, plan, approval, steps, timeline, outcome } = this.state;
    const record = { id, procedure, status, startedAt, plan, approval, steps, timeline, outcome };
    const { key } = await quick.writeProcedureReport(this.context, {
      request: this.#request,
      record,
      now: now(),
    });
    this.#conversation.change((state) => ({ ...state, report: key }));
  }
}

function atWork({ run, workflowId, procedure, startedAt, by, reason }: ProcedureAtWork): string {
  const id = run ?? workflowId;
  const who = by === undefined ? '' : ` by ${by}${reason === undefined ? '' : `: ${reason}`}`;
  return (
    `Procedure ${id} (${procedure}, workflow id ${workflowId}) is at work on the same data, started at ${startedAt}${who}. ` +
    `Nothing was changed. Wait for its end, or end it with msp procedures abort ${id}; then start this one again.`
  );
}

function withLost(outcome: string, { lost }: PlanSummary): string {
  return lost === 0 ? outcome : `${outcome}; ${lost} can't be recovered, see the report`;
}
