import { expect, it } from '@jest/globals';
import { ask, begin, initialState, park } from '../../../workflows/procedures/state.ts';

const AT = '2024-07-03T03:00:00.000Z';
const who = { by: 'ada', reason: 'gaps' };

it('keeps the word of an operator who ended the procedure while a step failed or a plan was made', () => {
  const decision = { kind: 'abort', ...who } as const;
  const working = { ...begin(initialState('recovery-1', 'dataRecovery', who, AT), 'RDATA-3', AT), decision };
  const failure = { type: 'AccessDenied', message: 'denied', advice: 'Grant it.' } as const;
  expect(park(working, { step: 'RDATA-3', since: AT, until: AT, failure }).decision).toEqual(decision);
  expect(ask(working, { since: AT, until: AT }).decision).toEqual(decision);
});
