import { describe, expect, it } from '@jest/globals';
import { describeProcedure } from '../../../workflows/procedures/details.ts';
import { begin, complete, initialState, park, stated } from '../../../workflows/procedures/state.ts';
import type { ProcedureState } from '../../../workflows/procedures/state.ts';
import { digest, planOf } from '../../support/fakes/fake-procedures.ts';

const AT = '2024-07-03T03:00:00.000Z';
const UNTIL = '2024-07-06T03:00:00.000Z';

const started = initialState('recovery-1', 'dataRecovery', { by: 'ada', reason: 'gaps' }, AT);
const planned: ProcedureState = stated({
  ...complete(begin(started, 'RDATA-1', AT), 'RDATA-1', 'done', '2 not as recorded', AT),
  plan: planOf({ lines: ['restore archived `x`', 'LOST kpi *y*'], lost: 1 }),
  waiting: { since: AT, until: UNTIL },
});

describe('the current details of a procedure', () => {
  it('show the plan, what is lost, and how exactly this plan is approved', () => {
    const text = describeProcedure(planned);
    expect(text).toMatch(/^### AwaitingApproval\n/);
    expect(text).toMatch(/waits for an approval; without one nothing is changed/);
    expect(text).toMatch(/It waits until 2024-07-06 03:00:00 UTC; what then happens is the setting/);
    expect(text).toContain(
      `- \`approve\`: carry the plan out; its digest besides: \`{"by": "…", "reason": "…", "digest": "${digest('a')}"}\``,
    );
    expect(text).toMatch(
      /Plan `a{12}`, not approved[^]*\*\*lost 1\*\*[^]*- `restore archived 'x'`\n- `LOST kpi \*y\*`/,
    );
    expect(text).toMatch(/- ✓ RDATA-1 .*: 2 not as recorded\n- RDATA-2/);
  });

  it('say why a step is parked, and what can be done', () => {
    const failure = { type: 'AccessDenied', message: '# denied', advice: 'Grant it.' } as const;
    const text = describeProcedure(
      park(begin(started, 'RDATA-3', AT), { step: 'RDATA-3', since: AT, until: UNTIL, failure }),
    );
    expect(text).toMatch(/^### NeedsOperator in RDATA-3/);
    expect(text).toMatch(
      /\*\*AccessDenied\*\*\n\n`# denied`\n\nGrant it\.[^]*- `retryStep`: [^]*- ! \*\*RDATA-3 /,
    );
  });

  it('use only what the Temporal UI renders', () => {
    for (const state of [started, planned]) expect(describeProcedure(state)).not.toMatch(/^>|\[[ x]\]|```/m);
  });
});
