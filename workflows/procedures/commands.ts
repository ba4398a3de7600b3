/**
 * What an operator's command does to the state of a procedure, or why it can't be followed: pure, and the only place
 * that knows which commands make sense when. A command that has been followed already is followed again without an
 * effect, since a sender that got no answer sends it twice.
 */
import { refuse } from '../shared/commands/decided.ts';
import type { Decided } from '../shared/commands/decided.ts';
import type { ProcedureCommand, ProcedureCommandArguments, ProcedureCommandName } from './messages.ts';
import { note } from './state.ts';
import type { Decision, ProcedureState } from './state.ts';

/** The commands that make sense in this state. */
export function openCommands(state: ProcedureState): ProcedureCommandName[] {
  const { ended, decision, paused, parked, waiting } = state;
  if (ended !== null || decision?.kind === 'abort') return [];
  if (paused !== null) return ['resume', 'abort'];
  if (decision !== null) return ['pause', 'abort'];
  if (parked !== null) return ['retryStep', 'pause', 'abort'];
  if (waiting !== null) return ['approve', 'reject', 'pause', 'abort'];
  return ['pause', 'abort'];
}

export function decide(
  state: ProcedureState,
  command: ProcedureCommand,
  at: string,
): Decided<ProcedureState> {
  if (state.ended !== null) return refuse(`The procedure has ended: ${state.outcome ?? state.ended}.`);
  const again = followedAlready(state, command);
  if (again !== undefined) return { followed: true, state, message: again };
  if (state.decision?.kind === 'abort')
    return refuse(`${state.decision.by} told the procedure to end already.`);
  const { by, reason } = command.args;
  const said = { at, what: command.name, by, reason };
  switch (command.name) {
    case 'pause': {
      const paused = { by, reason, since: at };
      const message = 'The present step is finished; no further one begins until the procedure is resumed.';
      return { followed: true, message, state: note({ ...state, paused }, said) };
    }
    case 'resume':
      if (state.paused === null) return refuse(`The procedure is not paused; it is ${state.status}.`);
      return {
        followed: true,
        message: 'The procedure goes on where it stood.',
        state: note({ ...state, paused: null }, said),
      };
    case 'abort': {
      const decision: Decision = { kind: 'abort', by, reason };
      const message = 'The procedure ends where it stands; what it has done stays done.';
      return { followed: true, message, state: note({ ...state, decision }, said) };
    }
    default:
      return answer(state, command, at);
  }
}

/** Answers to what the procedure waits for. */
function answer(
  state: ProcedureState,
  command: Extract<ProcedureCommand, { readonly name: 'approve' | 'reject' | 'retryStep' }>,
  at: string,
): Decided<ProcedureState> {
  const { by, reason } = command.args;
  if (state.paused !== null) {
    return refuse(`The procedure is paused, by ${state.paused.by}: ${state.paused.reason}. Resume it first.`);
  }
  if (state.decision !== null) {
    return refuse(`${state.decision.by} decided just now (${state.decision.kind}); look at its status.`);
  }
  const follow = (next: Partial<ProcedureState>, message: string): Decided<ProcedureState> => ({
    followed: true,
    message,
    state: note({ ...state, ...next }, { at, what: command.name, by, reason }),
  });
  switch (command.name) {
    case 'approve':
      return approve(state, command.args, at);
    case 'reject':
      if (state.waiting === null) return refuse(notAsking(state));
      return follow({ decision: { kind: 'reject', by, reason } }, 'Nothing is changed; the procedure ends.');
    case 'retryStep': {
      if (state.parked === null) return refuse(`No step is parked; the procedure is ${state.status}.`);
      const message = `${state.parked.step} is done again.`;
      return follow({ decision: { kind: 'retry', by, reason } }, message);
    }
  }
}

function approve(
  state: ProcedureState,
  { by, reason, digest }: ProcedureCommandArguments<'approve'>,
  at: string,
): Decided<ProcedureState> {
  const { plan, waiting } = state;
  if (waiting === null || plan === null) return refuse(notAsking(state));
  if (digest !== plan.digest) {
    return refuse(
      `The plan has another digest, ${plan.digest}: look at it, then approve that one if it is right.`,
    );
  }
  return {
    followed: true,
    message: 'Before anything is done the plan is made again; if it is still this one, it is carried out.',
    state: note(
      { ...state, approval: { by, reason, digest, at }, decision: { kind: 'approve', by, reason, digest } },
      { at, what: `approve plan ${digest.slice(0, 12)}`, by, reason },
    ),
  };
}

/** What the sender is told when its command has had its effect before. */
function followedAlready(state: ProcedureState, { name, args }: ProcedureCommand): string | undefined {
  const { decision, paused, approval, waiting } = state;
  switch (name) {
    case 'abort':
      return decision?.kind === 'abort' ? `${decision.by} told the procedure to end already.` : undefined;
    case 'pause':
      return paused === null
        ? undefined
        : `The procedure is paused already, by ${paused.by}: ${paused.reason}.`;
    case 'approve': {
      const taken = waiting === null || decision?.kind === 'approve';
      return taken && approval?.digest === args.digest
        ? `${approval.by} approved this plan already.`
        : undefined;
    }
    case 'reject':
      return decision?.kind === 'reject' ? `${decision.by} rejected the plan already.` : undefined;
    case 'retryStep':
      return decision?.kind === 'retry' ? `${decision.by} asked for the step already.` : undefined;
    case 'resume':
      return undefined;
  }
}

function notAsking({ status, phase }: ProcedureState): string {
  return `The procedure does not wait for an approval; it is ${status} (${phase}).`;
}
