/** States of a run as tests of its rules need them. */
import { begin, hold, initialState, park } from '../../../workflows/pipeline/state.ts';
import type { RunState } from '../../../workflows/pipeline/state.ts';
import type { StageName } from '../../../pipeline/stages.ts';

export const AT = '2026-01-01T00:00:00.000Z';
export const who = { by: 'ada', reason: 'because' };
export const started = initialState('run-1', AT, 'started');
export const working = begin(started, 'validation', 1, AT);

export function parkedAt(stage: StageName, round = 1): RunState {
  const failure = {
    type: 'GlueOutOfMemory',
    message: 'Java heap space',
    advice: 'Use more workers.',
  } as const;
  return park(begin(started, stage, round, AT), { stage, round, since: AT, until: AT, failure });
}

export const held = hold(begin(started, 'quality_gate', 1, AT), {
  since: AT,
  until: AT,
  verdict: { verdict: 'hold', reasons: ['6 of 100 rows rejected'] },
});
