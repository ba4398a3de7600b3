/**
 * What an operator's command does to the state of a run, or why it can't be followed: pure, and the only place that
 * knows which commands make sense when. A command that has been followed already is followed again without an effect,
 * since a sender that got no answer sends it twice.
 */
import { firstFew } from '../../pipeline/first-few.ts';
import { STAGES } from '../../pipeline/stages.ts';
import type { StageName } from '../../pipeline/stages.ts';
import type { RetryOverrides } from '../../pipeline/request.ts';
import { isEnding } from '../shared/endings.ts';
import { refuse } from '../shared/commands/decided.ts';
import type { Decided } from '../shared/commands/decided.ts';
import type { Command, CommandArguments, CommandName } from './messages.ts';
import { note, stepped } from './state.ts';
import type { Decision, Parked, RunState } from './state.ts';

/** Stages that look at inputs, so that a retry may name others. */
const TAKES_INPUTS: readonly StageName[] = ['check_for_new_streams', 'prepare_data'];

/** The commands that make sense in this state. */
export function openCommands(state: RunState): CommandName[] {
  if (state.ended !== null || state.cleanup !== null || isEnding(state.decision)) return [];
  const endings = ['emergencyShutdown', 'abort'] as const;
  if (state.paused !== null) return ['resume', ...endings];
  if (state.decision !== null) return ['pause', ...endings];
  if (state.parked !== null) {
    const skippable = STAGES[state.parked.stage].skipping !== undefined;
    return ['retryStage', ...(skippable ? (['skipStage'] as const) : []), 'pause', ...endings];
  }
  if (state.held !== null) return ['approve', 'reject', 'pause', ...endings];
  return ['pause', ...endings];
}

export function decide(state: RunState, command: Command, at: string): Decided<RunState> {
  const { decision } = state;
  if (state.ended !== null) return refuse(hasEnded(state.status));
  if (isEnding(decision)) {
    const same = command.name === (decision.kind === 'abort' ? 'abort' : 'emergencyShutdown');
    const message = `${decision.by} told the run to end already (${decision.kind}): ${decision.reason}.`;
    return same ? { followed: true, state, message } : refuse(message);
  }
  if (state.cleanup !== null) return refuse(`The run is ending: ${state.cleanup}.`);
  switch (command.name) {
    case 'pause':
      return pause(state, command.args, at);
    case 'resume':
      return resume(state, command.args, at);
    case 'emergencyShutdown':
    case 'abort':
      return endNow(state, command, at);
    default:
      return answer(state, command, at);
  }
}

function hasEnded(status: RunState['status']): string {
  const goesOn = status === 'Stopped' || status === 'Failed' || status === 'Aborted';
  return `The run has ended (${status})${goesOn ? '; msp recover run goes on with it, or start a new one' : ''}.`;
}

function pause(state: RunState, args: CommandArguments<'pause'>, at: string): Decided<RunState> {
  const { by, reason, stopGlue } = args;
  const { paused, glueRun } = state;
  if (paused !== null && (paused.stopGlue || !stopGlue)) {
    const message = `The run is paused already, by ${paused.by} since ${paused.since}: ${paused.reason}.`;
    return { followed: true, state, message };
  }
  const since = paused?.since ?? at;
  const what = stopGlue ? 'pause, Glue run included' : 'pause';
  const message =
    glueRun === null
      ? `Nothing new begins until the run is resumed${stopGlue ? '; a Glue run that is left is stopped' : ''}.`
      : stopGlue
        ? `The Glue run ${glueRun.jobRunId} is stopped; the stage runs again when the run is resumed.`
        : `The Glue run ${glueRun.jobRunId} goes on and its result is kept; nothing else begins.`;
  return {
    followed: true,
    message,
    state: note({ ...state, paused: { since, by, reason, stopGlue } }, { at, what, by, reason }),
  };
}

function resume(state: RunState, { by, reason }: CommandArguments<'resume'>, at: string): Decided<RunState> {
  if (state.paused === null) return refuse(`The run is not paused; ${whereItIs(state)}.`);
  const resumed = note({ ...state, paused: null }, { at, what: 'resume', by, reason });
  const waits =
    state.parked !== null
      ? ` ${state.parked.stage} is parked and still needs an operator.`
      : state.held !== null
        ? ' It is still held at the quality gate.'
        : '';
  return { followed: true, state: resumed, message: `The run goes on where it stood.${waits}` };
}

function endNow(
  state: RunState,
  { name, args }: Command & { readonly name: 'abort' | 'emergencyShutdown' },
  at: string,
): Decided<RunState> {
  const { by, reason } = args;
  const kind = name === 'abort' ? 'abort' : 'shutdown';
  const message =
    name === 'abort'
      ? 'The run ends, aborted; its inputs are free for a next run.'
      : 'The run stops now, its Glue run included, and sets unfinished output aside; msp recover run goes on with it.';
  return {
    followed: true,
    message,
    // From here on no other command is taken, whatever there is to do before the end.
    state: note(
      { ...state, decision: { kind, by, reason }, cleanup: `told to by ${by}: ${reason}` },
      { at, what: name, by, reason },
    ),
  };
}

/** Answers to what the run waits for. */
function answer(
  state: RunState,
  command: Extract<Command, { readonly name: 'retryStage' | 'skipStage' | 'approve' | 'reject' }>,
  at: string,
): Decided<RunState> {
  const { by, reason } = command.args;
  if (state.paused !== null) {
    return refuse(`The run is paused, by ${state.paused.by}: ${state.paused.reason}. Resume it first.`);
  }
  if (state.decision !== null) {
    return refuse(
      `The run was just told to ${state.decision.kind}; wait for the effect, then look at its status.`,
    );
  }
  const follow = (decision: Decision, message: string, what: string = command.name): Decided<RunState> => ({
    followed: true,
    message,
    state: note({ ...state, decision }, { at, what, by, reason }),
  });
  switch (command.name) {
    case 'retryStage': {
      const parked = parkedAs(state, command.args.stage);
      if (typeof parked === 'string') return refuse(parked);
      const { overrides } = command.args;
      const wrong = overrides === undefined ? undefined : whyNotTaken(parked.stage, overrides);
      if (wrong !== undefined) return refuse(wrong);
      return follow(
        { kind: 'retry', overrides },
        `${parked.stage} runs again, round ${parked.round + 1}.`,
        overrides === undefined
          ? command.name
          : stepped('RJOB-3', `${command.name} with ${inWords(overrides)}`),
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
      if (state.held === null) return refuse(`The run is not held at the quality gate; ${whereItIs(state)}.`);
      return follow({ kind: 'approve' }, 'The accepted plays are published.');
    case 'reject':
      if (state.held === null) return refuse(`The run is not held at the quality gate; ${whereItIs(state)}.`);
      return follow({ kind: 'reject' }, 'The inputs are set aside; nothing is published.');
  }
}

/** The first inputs and how many there are: a list of them grows with the delivery. */
function inWords(overrides: RetryOverrides): string {
  const { inputs, ...sizes } = overrides;
  const named = Object.entries(sizes).map(([name, value]) => `${name} ${value}`);
  return [...named, ...(inputs === undefined ? [] : [`inputs ${firstFew(inputs)}`])].join(', ');
}

function whyNotTaken(stage: StageName, { inputs, ...glue }: RetryOverrides): string | undefined {
  if (inputs !== undefined && !TAKES_INPUTS.includes(stage)) {
    return `${stage} works with the inputs that the run has prepared; only ${TAKES_INPUTS.join(' and ')} take others.`;
  }
  if (Object.keys(glue).length > 0 && STAGES[stage].script === undefined) {
    return `${stage} runs no Glue job, so it takes no ${Object.keys(glue).join(', ')}.`;
  }
  return undefined;
}

function parkedAs(state: RunState, stage: StageName | undefined): Parked | string {
  if (state.parked === null) return `No stage is parked; ${whereItIs(state)}.`;
  if (stage !== undefined && stage !== state.parked.stage) {
    return `${stage} is not parked; ${state.parked.stage} is.`;
  }
  return state.parked;
}

function whereItIs({ status, stage }: RunState): string {
  return `it is ${status}${stage === null ? '' : ` in ${stage}`}`;
}
