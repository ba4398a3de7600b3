/** What a reset plan says to whoever has to approve it. */
import { describe, expect, it } from '@jest/globals';
import type { ResetPlan } from '../../../pipeline/reset/plan.ts';
import { summariseReset } from '../../../pipeline/reset/summary.ts';

const plan: ResetPlan = {
  ...{ version: 1, procedure: 'pipelineReset' },
  stops: [{ workflowId: 'parked', runId: 'r' }],
  ...{ schedules: [], claims: [], returns: [], undo: null, lost: [], before: [] },
};
const given = { digest: 'd', key: 'k', workers: 2, restart: true };

describe('a reset that finds a run under way and nothing claimed', () => {
  it('ends the run and watches a first one, where all that is under way is to end', () => {
    expect(summariseReset(plan, { ...given, stopsAll: true })).toMatchObject({ empty: false, runs: 1 });
    expect(summariseReset(plan, { ...given, stopsAll: true, restart: false })).toMatchObject({
      empty: false,
      runs: 0,
    });
  });

  it('has nothing to do, where only days are to be processed anew', () => {
    expect(summariseReset(plan, { ...given, stopsAll: false })).toMatchObject({ empty: true, runs: 0 });
  });
});
