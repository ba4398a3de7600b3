/**
 * The state of a procedure and what its workflow reports to it, as pure functions; what an operator commands is in
 * `commands.ts`. One such state is kept and replaced, never mutated: queries, current details, search attributes and
 * the report are views of it.
 */
import type { PlanSummary } from '../../pipeline/procedures/plan.ts';
import { stepsOf } from '../../pipeline/procedures/steps.ts';
import type { ProcedureName, StepId } from '../../pipeline/procedures/steps.ts';
import type { StatusOf } from '../../pipeline/statuses.ts';
import { onlyEnding } from '../shared/endings.ts';
import type { Failure } from '../shared/failure.ts';
import { plural } from '../../pipeline/format.ts';
import { extended } from '../shared/timeline.ts';
import type { TimelineEntry } from '../shared/timeline.ts';

/** Value of the search attribute `PipelineStatus`. */
export type ProcedureStatusName = StatusOf<'procedure'>;

export type Phase = 'planning' | 'approval' | 'acting' | 'verifying' | 'reporting' | 'ended';

export interface StepState {
  readonly id: StepId;
  readonly title: string;
  readonly state: 'pending' | 'running' | 'parked' | 'done' | 'not needed';
  /** How often it was begun: planning steps are done again before acting, parked ones when an operator asks. */
  readonly round: number;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly summary: string;
}

export interface ParkedStep {
  readonly step: StepId;
  readonly since: string;
  readonly until: string;
  readonly failure: Failure;
}

export interface Waiting {
  readonly since: string;
  readonly until: string;
}

/** Who decided, and why. */
export interface Word {
  readonly by: string;
  readonly reason: string;
}

/** What an operator decided and the workflow has not yet acted on. */
export type Decision =
  | (Word & { readonly kind: 'approve'; readonly digest: string })
  | (Word & { readonly kind: 'reject' })
  | (Word & { readonly kind: 'retry' })
  | (Word & { readonly kind: 'abort' });

export interface ProcedureState {
  /** The procedure's id in the bucket. */
  readonly id: string;
  readonly procedure: ProcedureName;
  readonly status: ProcedureStatusName;
  readonly phase: Phase;
  readonly startedAt: string;
  readonly plan: PlanSummary | null;
  /** The last approval, with the digest that it was given for. */
  readonly approval: (Word & { readonly digest: string; readonly at: string }) | null;
  readonly step: StepId | null;
  readonly steps: readonly StepState[];
  /** Workflow id of the pipeline run that is being waited for. */
  readonly awaitedRun: string | null;
  readonly waiting: Waiting | null;
  readonly paused: (Word & { readonly since: string }) | null;
  readonly parked: ParkedStep | null;
  readonly decision: Decision | null;
  readonly timeline: readonly TimelineEntry[];
  /** How it ended, in words. */
  readonly outcome: string | null;
  readonly ended: ProcedureStatusName | null;
  /** Keys of the report, once it is written. */
  readonly report: string | null;
}

export function initialState(
  id: string,
  procedure: ProcedureName,
  { by, reason }: Word,
  at: string,
): ProcedureState {
  return {
    id,
    procedure,
    status: 'Running',
    phase: 'planning',
    startedAt: at,
    plan: null,
    approval: null,
    step: null,
    steps: stepsOf(procedure).map((step) => ({ ...step, state: 'pending', round: 0, summary: '' })),
    awaitedRun: null,
    waiting: null,
    paused: null,
    parked: null,
    decision: null,
    timeline: [{ at, what: 'started', by, reason }],
    outcome: null,
    ended: null,
    report: null,
  };
}

/** The state with the status that its parts amount to: what matters most to an operator comes first. */
export function stated(state: ProcedureState): ProcedureState {
  const { ended, decision, paused, parked, waiting } = state;
  const status =
    ended ??
    (decision?.kind === 'abort'
      ? 'Stopping'
      : paused !== null
        ? 'Paused'
        : parked !== null
          ? 'NeedsOperator'
          : waiting !== null
            ? 'AwaitingApproval'
            : 'Running');
  return status === state.status ? state : { ...state, status };
}

export function note(state: ProcedureState, entry: TimelineEntry): ProcedureState {
  return stated({ ...state, timeline: extended(state.timeline, entry) });
}

export function enter(state: ProcedureState, phase: Phase): ProcedureState {
  return stated({ ...state, phase });
}

function changeStep(
  state: ProcedureState,
  id: StepId,
  change: (step: StepState) => StepState,
): ProcedureState {
  return { ...state, steps: state.steps.map((step) => (step.id === id ? change(step) : step)) };
}

export function begin(state: ProcedureState, id: StepId, at: string): ProcedureState {
  const begun = changeStep(state, id, ({ finishedAt: _finishedAt, ...step }) => ({
    ...step,
    state: 'running',
    round: step.round + 1,
    startedAt: at,
    summary: '',
  }));
  const round = begun.steps.find((step) => step.id === id)?.round ?? 1;
  const again = round === 1 ? '' : `, round ${round}`;
  return note({ ...begun, step: id }, { at, what: `${id} begins${again}` });
}

export function complete(
  state: ProcedureState,
  id: StepId,
  outcome: 'done' | 'not needed',
  summary: string,
  at: string,
): ProcedureState {
  const done = changeStep(state, id, (step) => ({ ...step, state: outcome, finishedAt: at, summary }));
  const said = `${id}: ${outcome}${summary === '' ? '' : `, ${summary}`}`;
  return note({ ...done, step: null, awaitedRun: null }, { at, what: said });
}

export function park(state: ProcedureState, parked: ParkedStep): ProcedureState {
  const { step, since, failure } = parked;
  const stopped = changeStep(state, step, (each) => ({ ...each, state: 'parked', summary: failure.message }));
  return note(
    { ...stopped, parked, decision: onlyEnding(state.decision), awaitedRun: null },
    { at: since, what: `${step} parked: ${failure.type}: ${failure.message}` },
  );
}

export function planned(state: ProcedureState, plan: PlanSummary, at: string): ProcedureState {
  const said = plan.empty
    ? 'nothing to do'
    : `${plural(plan.objects, 'object')}, ${plural(plan.days, 'day')}`;
  return note({ ...state, plan }, { at, what: `plan ${plan.digest.slice(0, 12)}: ${said}` });
}

/** Waits for an approval of the plan. */
export function ask(state: ProcedureState, waiting: Waiting): ProcedureState {
  return note(
    { ...state, phase: 'approval', waiting, decision: onlyEnding(state.decision) },
    { at: waiting.since, what: 'waits for an approval of the plan' },
  );
}

export function waitOn(state: ProcedureState, until: string, at: string): ProcedureState {
  const { waiting, parked } = state;
  return note(
    { ...state, waiting: waiting && { ...waiting, until }, parked: parked && { ...parked, until } },
    { at, what: `nobody has decided; waits until ${until}` },
  );
}

/** The wait is over: the decision has been taken. */
export function proceed(state: ProcedureState): ProcedureState {
  return stated({ ...state, waiting: null, parked: null, decision: null });
}

/** Approved with the request itself. */
export function approveAhead(
  state: ProcedureState,
  word: Word & { readonly digest: string },
  at: string,
): ProcedureState {
  const { by, reason } = word;
  return note(
    { ...state, approval: { ...word, at } },
    { at, what: `plan ${word.digest.slice(0, 12)} was approved when the procedure was started`, by, reason },
  );
}

export function runStarted(state: ProcedureState, run: string, at: string): ProcedureState {
  return note({ ...state, awaitedRun: run }, { at, what: `pipeline run ${run} started` });
}

/** A run that an earlier round has started goes on. */
export function runAwaited(state: ProcedureState, run: string, at: string): ProcedureState {
  return note({ ...state, awaitedRun: run }, { at, what: `waits for pipeline run ${run}, which goes on` });
}

export function end(
  state: ProcedureState,
  ended: ProcedureStatusName,
  outcome: string,
  at: string,
): ProcedureState {
  const over = { paused: null, parked: null, waiting: null, decision: null, step: null, awaitedRun: null };
  return note({ ...state, ...over, phase: 'ended', ended, outcome }, { at, what: outcome });
}

export function unreported(state: ProcedureState, why: string, at: string): ProcedureState {
  return note(state, { at, what: `the report could not be written: ${why}` });
}
