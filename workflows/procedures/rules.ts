/** What a procedure brings into its conversation with operators. */
import type { Rules } from '../shared/conversation.ts';
import { searchAttributes } from '../shared/search-attributes.ts';
import { decide, openCommands } from './commands.ts';
import { describeProcedure } from './details.ts';
import { COMMANDS } from './messages.ts';
import type { ProcedureAnswer, ProcedureStatus } from './messages.ts';
import { note, proceed, waitOn } from './state.ts';
import type { ProcedureState } from './state.ts';

export const rules: Rules<ProcedureState, typeof COMMANDS, ProcedureAnswer> = {
  commands: COMMANDS,
  id: ({ id }) => id,
  decide,
  answer: (_before, message) => ({ accepted: true, message }),
  note,
  proceed,
  waitOn,
  aborted: 'ProcedureAborted',
  status: statusOf,
  details: describeProcedure,
  attributes: ({ id, status, step }) => [
    { key: searchAttributes.run, value: id },
    { key: searchAttributes.status, value: status },
    { key: searchAttributes.stage, value: step },
  ],
};

function statusOf(state: ProcedureState): ProcedureStatus {
  const { timeline, decision, ended, ...shown } = state;
  return { ...shown, commands: openCommands(state) };
}
