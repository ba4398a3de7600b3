import { describe, expect, it } from '@jest/globals';
import {
  begin,
  cleaningUp,
  complete,
  end,
  hold,
  note,
  park,
  proceed,
} from '../../../workflows/pipeline/state.ts';
import { AT, held, parkedAt, started, who, working } from '../../support/data/run-states.ts';

describe('the state of a run', () => {
  it('keeps a checkpoint of each finished stage', () => {
    const state = complete(begin(started, 'validation', 2, AT), 'done', { summary: '30 s' }, AT);
    expect(state.checkpoints).toEqual([
      { stage: 'validation', outcome: 'done', round: 2, startedAt: AT, finishedAt: AT, summary: '30 s' },
    ]);
  });

  it('is Running again once an operator has decided', () => {
    const state = proceed({ ...parkedAt('validation'), decision: { kind: 'skip' } });
    expect(state).toMatchObject({ status: 'Running', parked: null, decision: null });
  });

  it('shows of all that is so what matters most to an operator', () => {
    const paused = { since: AT, ...who, stopGlue: false };
    expect(note({ ...parkedAt('validation'), paused }, { at: AT, what: 'pause' }).status).toBe('Paused');
    expect(cleaningUp({ ...parkedAt('validation'), paused }, 'stopping', AT).status).toBe('Stopping');
    expect(end(parkedAt('validation'), 'Stopped', 'stopped', AT).status).toBe('Stopped');
  });

  it('keeps the word of an operator who ended the run while its stage failed or asked for one', () => {
    const decision = { kind: 'shutdown', ...who } as const;
    const { parked } = parkedAt('validation');
    if (parked === null || held.held === null) throw new Error('There is no state to begin with');
    expect(park({ ...working, decision }, parked).decision).toEqual(decision);
    expect(hold({ ...working, decision }, held.held).decision).toEqual(decision);
    expect(park({ ...working, decision: { kind: 'skip' } }, parked).decision).toBeNull();
  });

  it('keeps its timeline bounded', () => {
    let state = started;
    for (let i = 0; i < 300; i += 1) state = begin(state, 'validation', i + 2, AT);
    expect(state.timeline.length).toBeLessThanOrEqual(200);
  });
});
