/**
 * The state of a run and what the workflow reports to it, as pure functions (`begin`, `complete`, `park`, …); what an
 * operator commands is in `commands.ts`. The workflow keeps one such state, replaces it and never mutates it; queries,
 * current details and search attributes are views of it.
 */
import type { Checkpoint, GlueRunRef, Paused, Progress } from '../../pipeline/checkpoint.ts';
import type { RunStepId } from '../../pipeline/procedures/steps.ts';
import type { GateVerdict } from '../../pipeline/quality.ts';
import type { RetryOverrides } from '../../pipeline/request.ts';
import type { StageName } from '../../pipeline/stages.ts';
import type { StatusOf } from '../../pipeline/statuses.ts';
import { onlyEnding } from '../shared/endings.ts';
import type { Ending } from '../shared/endings.ts';
import type { Failure } from '../shared/failure.ts';
import { plural } from '../../pipeline/format.ts';
import { extended } from '../shared/timeline.ts';
import type { TimelineEntry } from '../shared/timeline.ts';

/** Value of the search attribute `PipelineStatus`. */
export type PipelineStatus = StatusOf<'run'>;

export interface Parked {
  readonly stage: StageName;
  readonly round: number;
  readonly since: string;
  readonly until: string;
  readonly failure: Failure;
}

export interface Held {
  readonly since: string;
  readonly until: string;
  readonly verdict: GateVerdict;
}

/** What an operator decided and the workflow has not yet acted on. */
export type Decision =
  | { readonly kind: 'retry'; readonly overrides: RetryOverrides | undefined }
  | { readonly kind: 'skip' }
  | { readonly kind: 'approve' }
  | { readonly kind: 'reject' }
  | Ending;

export interface RunState {
  readonly run: string;
  readonly status: PipelineStatus;
  readonly stage: StageName | null;
  readonly round: number;
  readonly stageStartedAt: string | null;
  readonly glueRun: GlueRunRef | null;
  /** Days that it has published: the first ten. */
  readonly days: readonly string[];
  readonly dayCount: number;
  readonly checkpoints: readonly Checkpoint[];
  readonly timeline: readonly TimelineEntry[];
  readonly paused: Paused | null;
  readonly parked: Parked | null;
  readonly held: Held | null;
  readonly decision: Decision | null;
  readonly cleanup: string | null;
  readonly ended: PipelineStatus | null;
}

export function initialState(run: string, at: string, what: string): RunState {
  return {
    run,
    status: 'Running',
    stage: null,
    round: 0,
    stageStartedAt: null,
    glueRun: null,
    days: [],
    dayCount: 0,
    checkpoints: [],
    timeline: [{ at, what }],
    paused: null,
    parked: null,
    held: null,
    decision: null,
    cleanup: null,
    ended: null,
  };
}

/** The state with the status that its parts amount to: what matters most to an operator comes first. */
function stated(state: RunState): RunState {
  const { ended, cleanup, paused, parked, held } = state;
  const status =
    ended ??
    (cleanup !== null
      ? 'Stopping'
      : paused !== null
        ? 'Paused'
        : parked !== null
          ? 'NeedsOperator'
          : held !== null
            ? 'Held'
            : 'Running');
  return status === state.status ? state : { ...state, status };
}

export function note(state: RunState, entry: TimelineEntry): RunState {
  return stated({ ...state, timeline: extended(state.timeline, entry) });
}

/** What happened, as a step of the guide by which a run comes back from a failed stage. */
export function stepped(step: RunStepId, what: string): string {
  return `${step}: ${what}`;
}

/** A run goes on with what an earlier execution had done, paused if that was. */
export function takeOver(
  state: RunState,
  earlier: Pick<Progress, 'run' | 'checkpoints' | 'paused'>,
  at: string,
): RunState {
  const { run, checkpoints } = earlier;
  const paused = state.paused ?? earlier.paused ?? null;
  const kept = `${plural(checkpoints.length, 'finished stage')} kept`;
  const still = paused === null ? '' : `, still paused by ${paused.by}`;
  return note(
    { ...state, run, paused },
    { at, what: stepped('RJOB-2', `goes on with run ${run}: ${kept}${still}`) },
  );
}

export function begin(state: RunState, stage: StageName, round: number, at: string): RunState {
  const begun: RunState = { ...state, stage, round, stageStartedAt: at, glueRun: null };
  if (round === 1) return stated(begun);
  return note(begun, { at, what: stepped('RJOB-4', `${stage}: round ${round}`) });
}

export function glueRunStarted(state: RunState, glueRun: GlueRunRef, at: string): RunState {
  return note({ ...state, glueRun }, { at, what: `Glue run ${glueRun.jobRunId} of ${glueRun.jobName}` });
}

/** The Glue run has ended and the stage has not: the next one begins later, if at all. */
export function glueRunEnded(state: RunState): RunState {
  return { ...state, glueRun: null };
}

export function complete(
  state: RunState,
  outcome: Checkpoint['outcome'],
  { summary, result }: { readonly summary: string; readonly result?: unknown },
  at: string,
): RunState {
  const { stage, round, stageStartedAt, glueRun } = state;
  if (stage === null) return state;
  const checkpoint: Checkpoint = {
    stage,
    outcome,
    round,
    startedAt: stageStartedAt ?? at,
    finishedAt: at,
    summary,
    ...(glueRun === null ? {} : { glueRun }),
    ...(result === undefined ? {} : { result }),
  };
  const finished: RunState = { ...state, checkpoints: [...state.checkpoints, checkpoint], glueRun: null };
  const what = `${stage}: ${outcome}${summary === '' ? '' : `, ${summary}`}`;
  return note(finished, { at, what: round > 1 ? stepped('RJOB-5', what) : what });
}

/** A stage that an earlier execution had finished. */
export function keep(state: RunState, checkpoint: Checkpoint): RunState {
  const { stage, round } = checkpoint;
  return stated({ ...state, stage, round, glueRun: null, checkpoints: [...state.checkpoints, checkpoint] });
}

export function park(state: RunState, parked: Parked): RunState {
  const { stage, failure, since } = parked;
  return note(
    { ...state, parked, decision: onlyEnding(state.decision), glueRun: null },
    { at: since, what: stepped('RJOB-1', `${stage} parked: ${failure.type}: ${failure.message}`) },
  );
}

export function hold(state: RunState, held: Held): RunState {
  return note(
    { ...state, held, decision: onlyEnding(state.decision) },
    { at: held.since, what: `held at the gate: ${held.verdict.reasons.join('; ')}` },
  );
}

/** Nobody decided in time, and the run waits on. */
export function waitOn(state: RunState, until: string, at: string): RunState {
  const { parked, held } = state;
  return note(
    { ...state, parked: parked && { ...parked, until }, held: held && { ...held, until } },
    { at, what: `nobody has decided; waits until ${until}` },
  );
}

/** The wait is over: the decision, if there is one, has been taken. */
export function proceed(state: RunState): RunState {
  return stated({ ...state, parked: null, held: null, decision: null });
}

/** The run comes to its end: it takes no other command, whatever it has to do before. */
export function closing(state: RunState, because: string): RunState {
  return stated({ ...state, cleanup: state.cleanup ?? because });
}

export function cleaningUp(state: RunState, cleanup: string, at: string): RunState {
  return note({ ...state, cleanup }, { at, what: cleanup });
}

/** A pause outlives the execution: who goes on with the run finds it. */
export function end(state: RunState, ended: PipelineStatus, what: string, at: string): RunState {
  return note(
    { ...state, ended, stage: null, glueRun: null, parked: null, held: null, cleanup: null },
    { at, what },
  );
}
