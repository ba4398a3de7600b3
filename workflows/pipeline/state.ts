/**
 * The state of a run and what changes it, as pure functions: what the workflow reports (`begin`, `complete`, `park`, …)
 * and what an operator commands (`decide`). The workflow keeps one such state, replaces it and never mutates it;
 * queries, current details and search attributes are views of it.
 */
import type { FailureType } from '../../pipeline/failures.ts';
import { STAGES } from '../../pipeline/stages.ts';
import type { StageName } from '../../pipeline/stages.ts';
import type { Overrides } from '../../pipeline/request.ts';
import type { GateVerdict } from '../../pipeline/quality.ts';
import type { CommandArguments, CommandName } from './messages.ts';

/** Value of the search attribute `PipelineStatus`. */
export const PIPELINE_STATUSES = {
  Running: 'Running',
  /** Parked: a stage gave up and waits for an operator. */
  NeedsOperator: 'NeedsOperator',
  /** Held at the quality gate. */
  Held: 'Held',
  Stopping: 'Stopping',
  Completed: 'Completed',
  NoNewInput: 'NoNewInput',
  Rejected: 'Rejected',
  Aborted: 'Aborted',
  Stopped: 'Stopped',
} as const;
export type PipelineStatus = (typeof PIPELINE_STATUSES)[keyof typeof PIPELINE_STATUSES];

export interface GlueRunRef {
  readonly jobName: string;
  readonly jobRunId: string;
}

/** What a finished stage leaves in the history. Small: lists and reports are in S3. */
export interface Checkpoint {
  readonly stage: StageName;
  readonly outcome: 'done' | 'skipped' | 'not needed';
  /** How often an operator had asked for the stage, the first time included. */
  readonly round: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly summary: string;
  readonly glueRun?: GlueRunRef;
}

export interface Parked {
  readonly stage: StageName;
  readonly round: number;
  readonly since: string;
  readonly until: string;
  readonly failure: { readonly type: FailureType; readonly message: string; readonly advice: string };
}

export interface Held {
  readonly since: string;
  readonly until: string;
  readonly verdict: GateVerdict;
}

/** What an operator decided and the workflow has not yet acted on. */
export type Decision =
  | { readonly kind: 'retry'; readonly overrides: Overrides | undefined }
  | { readonly kind: 'skip' }
  | { readonly kind: 'approve' }
  | { readonly kind: 'reject' }
  | { readonly kind: 'abort'; readonly by: string; readonly reason: string };

export interface TimelineEntry {
  readonly at: string;
  readonly what: string;
  readonly by?: string;
  readonly reason?: string;
}

export interface RunState {
  readonly run: string;
  readonly status: PipelineStatus;
  readonly stage: StageName | null;
  readonly round: number;
  readonly stageStartedAt: string | null;
  readonly glueRun: GlueRunRef | null;
  readonly days: readonly string[];
  readonly checkpoints: readonly Checkpoint[];
  readonly timeline: readonly TimelineEntry[];
  readonly parked: Parked | null;
  readonly held: Held | null;
  readonly decision: Decision | null;
  readonly cleanup: string | null;
}

/** Answer of the query `status`. */
export type RunStatus = Omit<RunState, 'checkpoints' | 'timeline' | 'decision'> & {
  readonly done: number;
  /** What an operator may command now. */
  readonly commands: readonly CommandName[];
};

/** Entries kept: a run that needs more has been retried by hand dozens of times, and its history holds all of them. */
const TIMELINE_LENGTH = 200;

export function initialState(run: string, at: string, what: string): RunState {
  return {
    run,
    status: 'Running',
    stage: null,
    round: 0,
    stageStartedAt: null,
    glueRun: null,
    days: [],
    checkpoints: [],
    timeline: [{ at, what }],
    parked: null,
    held: null,
    decision: null,
    cleanup: null,
  };
}

function note(state: RunState, entry: TimelineEntry): RunState {
  return { ...state, timeline: [...state.timeline, entry].slice(-TIMELINE_LENGTH) };
}

export function begin(state: RunState, stage: StageName, round: number, at: string): RunState {
  const begun: RunState = { ...state, status: 'Running', stage, round, stageStartedAt: at, glueRun: null };
  return round === 1 ? begun : note(begun, { at, what: `${stage}: round ${String(round)}` });
}

export function glueRunStarted(state: RunState, glueRun: GlueRunRef, at: string): RunState {
  return note({ ...state, glueRun }, { at, what: `Glue run ${glueRun.jobRunId} of ${glueRun.jobName}` });
}

export function complete(
  state: RunState,
  outcome: Checkpoint['outcome'],
  summary: string,
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
  };
  const finished: RunState = { ...state, checkpoints: [...state.checkpoints, checkpoint], glueRun: null };
  return note(finished, { at, what: `${stage}: ${outcome}${summary === '' ? '' : `, ${summary}`}` });
}

export function park(state: RunState, parked: Parked): RunState {
  const { stage, failure, since } = parked;
  return note(
    { ...state, status: 'NeedsOperator', parked, decision: null, glueRun: null },
    { at: since, what: `${stage} parked: ${failure.type}: ${failure.message}` },
  );
}

export function hold(state: RunState, held: Held): RunState {
  return note(
    { ...state, status: 'Held', held, decision: null },
    { at: held.since, what: `held at the gate: ${held.verdict.reasons.join('; ')}` },
  );
}

/** The wait is over: the decision, if there is one, has been taken. */
export function proceed(state: RunState): RunState {
  return { ...state, status: 'Running', parked: null, held: null, decision: null };
}

export function cleaningUp(state: RunState, cleanup: string, at: string): RunState {
  return note({ ...state, status: 'Stopping', cleanup }, { at, what: cleanup });
}

export function end(state: RunState, status: PipelineStatus, what: string, at: string): RunState {
  return note({ ...state, status, stage: null, parked: null, held: null, cleanup: null }, { at, what });
}

export type Command = {
  [N in CommandName]: { readonly name: N; readonly args: CommandArguments<N> };
}[CommandName];

/** What a command does to the state, or why it can't be followed. */
export type Decided =
  | { readonly followed: true; readonly state: RunState; readonly message: string }
  | { readonly followed: false; readonly refusal: string };

const refuse = (refusal: string): Decided => ({ followed: false, refusal });

/** The commands that make sense in this state. */
export function openCommands(state: RunState): CommandName[] {
  if (state.decision !== null || state.cleanup !== null) return [];
  if (state.parked !== null) {
    const skippable = STAGES[state.parked.stage].skipping !== undefined;
    return ['retryStage', ...(skippable ? (['skipStage'] as const) : []), 'abort'];
  }
  if (state.held !== null) return ['approve', 'reject', 'abort'];
  return ['abort'];
}

export function decide(state: RunState, command: Command, at: string): Decided {
  const { by, reason } = command.args;
  if (state.cleanup !== null) return refuse(`The run is ending: ${state.cleanup}.`);
  if (state.decision !== null) {
    return refuse(
      `The run was just told to ${state.decision.kind}; wait for the effect, then look at its status.`,
    );
  }
  const follow = (decision: Decision, message: string): Decided => ({
    followed: true,
    message,
    state: note({ ...state, decision }, { at, what: command.name, by, reason }),
  });
  switch (command.name) {
    case 'retryStage': {
      const parked = parkedAs(state, command.args.stage);
      if (typeof parked === 'string') return refuse(parked);
      const { overrides } = command.args;
      if (overrides !== undefined && STAGES[parked.stage].script === undefined) {
        return refuse(`${parked.stage} runs no Glue job, so it takes no overrides.`);
      }
      return follow(
        { kind: 'retry', overrides },
        `${parked.stage} runs again, round ${String(parked.round + 1)}.`,
      );
    }
    case 'skipStage': {
      const parked = parkedAs(state, command.args.stage);
      if (typeof parked === 'string') return refuse(parked);
      const cost = STAGES[parked.stage].skipping;
      if (cost === undefined)
        return refuse(`${parked.stage} can't be skipped: later stages need its result.`);
      return follow({ kind: 'skip' }, `${parked.stage} is skipped: ${cost}.`);
    }
    case 'approve':
      if (state.held === null) return refuse(notHeld(state));
      return follow({ kind: 'approve' }, 'The accepted plays are published.');
    case 'reject':
      if (state.held === null) return refuse(notHeld(state));
      return follow({ kind: 'reject' }, 'The inputs are set aside; nothing is published.');
    case 'abort':
      return follow(
        { kind: 'abort', by, reason },
        'The run ends as failed; its inputs are free for a next run.',
      );
  }
}

function parkedAs(state: RunState, stage: StageName | undefined): Parked | string {
  if (state.parked === null) {
    return state.stage === null
      ? 'The run has ended.'
      : `No stage is parked; ${state.stage} is at work (${state.status}).`;
  }
  if (stage !== undefined && stage !== state.parked.stage) {
    return `${stage} is not parked; ${state.parked.stage} is.`;
  }
  return state.parked;
}

function notHeld(state: RunState): string {
  return `The run is not held at the quality gate; it is ${state.status}${state.stage === null ? '' : ` in ${state.stage}`}.`;
}
