import { describe, expect, it } from '@jest/globals';
import { describeRun } from '../../../workflows/pipeline/details.ts';
import { begin, complete, end, glueRunStarted, note } from '../../../workflows/pipeline/state.ts';
import { AT, held, parkedAt, started, who } from '../../support/data/run-states.ts';

describe('the current details', () => {
  it('say why a run is parked, what can be done and what that costs', () => {
    const text = describeRun(parkedAt('dynamodb_load'));
    expect(text).toMatch(/^### NeedsOperator in `dynamodb_load`/);
    expect(text).toMatch(/\*\*GlueOutOfMemory\*\*[^]*`Java heap space`[^]*Use more workers\./);
    expect(text).toMatch(/- `retryStage`: .*`overrides`/);
    expect(text).toMatch(/- `skipStage`: .*the table keeps the previous edition/);
    expect(text).toMatch(/- `pause`[^]*- `emergencyShutdown`[^]*- `abort`/);
    expect(text).toMatch(/It waits until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  });

  it('say why the gate holds a run', () => {
    expect(describeRun(held)).toMatch(
      /nothing is published yet[^]*- `6 of 100 rows rejected[^]*- `approve`: [^]*- `reject`: /,
    );
  });

  it('say who paused a run and why, and what goes on', () => {
    const working = glueRunStarted(
      begin(started, 'validation', 1, AT),
      { jobName: 'j', jobRunId: 'jr_1' },
      AT,
    );
    const paused = note(
      { ...working, paused: { since: AT, ...who, stopGlue: false } },
      { at: AT, what: 'pause' },
    );
    expect(describeRun(paused)).toMatch(
      new RegExp(
        `^### Paused in \`validation\`[^]*Paused by ${who.by} at .*: ${who.reason}.*\`jr_1\`.*goes on[^]*\`resume\``,
      ),
    );
  });

  it('say of a paused run that was to stop Glue that its Glue run is being stopped', () => {
    const working = glueRunStarted(
      begin(started, 'validation', 1, AT),
      { jobName: 'j', jobRunId: 'jr_1' },
      AT,
    );
    const text = describeRun({ ...working, paused: { since: AT, ...who, stopGlue: true } });
    expect(text).toMatch(/`jr_1` of `j` is being stopped\./);
    expect(text).not.toMatch(/goes on, and/);
  });

  it('show what is done and what comes', () => {
    const done = complete(begin(started, 'validate_aws_connection', 1, AT), 'done', { summary: 'me' }, AT);
    const state = begin(done, 'init_s3_structure', 1, AT);
    expect(describeRun(state)).toMatch(
      /- ✓ validate_aws_connection: me\n- ▸ \*\*init_s3_structure\*\*\n\nThen: verify_glue_scripts, /,
    );
    expect(describeRun(end(state, 'Completed', 'published', AT))).not.toMatch(/▸|Then:/);
  });

  it('show the words of others as they are', () => {
    const parked = parkedAt('validation');
    const failure = { type: 'GlueRunFailed', message: 'a `b` *c*\n<d>', advice: 'Look.' } as const;
    const state = parked.parked === null ? parked : { ...parked, parked: { ...parked.parked, failure } };
    expect(describeRun(state)).toContain("`a 'b' *c* <d>`");
  });
});
