import { describe, expect, it } from '@jest/globals';
import { describeRun } from '../../../workflows/pipeline/details.ts';
import {
  begin,
  cleaningUp,
  complete,
  decide,
  end,
  hold,
  initialState,
  openCommands,
  park,
  proceed,
} from '../../../workflows/pipeline/state.ts';
import type { Command, RunState } from '../../../workflows/pipeline/state.ts';
import type { StageName } from '../../../pipeline/stages.ts';

const AT = '2026-01-01T00:00:00.000Z';
const who = { by: 'ada', reason: 'because' };
const started = initialState('run-1', AT, 'started');

function parkedAt(stage: StageName, round = 1): RunState {
  const failure = {
    type: 'GlueOutOfMemory',
    message: 'Java heap space',
    advice: 'Use more workers.',
  } as const;
  return park(begin(started, stage, round, AT), { stage, round, since: AT, until: AT, failure });
}

const held = hold(begin(started, 'quality_gate', 1, AT), {
  since: AT,
  until: AT,
  verdict: { verdict: 'hold', reasons: ['6 of 100 rows rejected'] },
});

const retry: Command = { name: 'retryStage', args: who };
const skip: Command = { name: 'skipStage', args: who };
const abort: Command = { name: 'abort', args: who };

function followed(state: RunState, command: Command): RunState {
  const decided = decide(state, command, AT);
  if (!decided.followed) throw new Error(decided.refusal);
  return decided.state;
}

function refusal(state: RunState, command: Command): string {
  const decided = decide(state, command, AT);
  return decided.followed ? 'followed' : decided.refusal;
}

describe('commands', () => {
  it('retry, skip and abort a parked stage', () => {
    expect(openCommands(parkedAt('dynamodb_load'))).toEqual(['retryStage', 'skipStage', 'abort']);
    const overrides = { numberOfWorkers: 4 };
    const state = followed(parkedAt('validation'), { name: 'retryStage', args: { ...who, overrides } });
    expect(state.decision).toEqual({ kind: 'retry', overrides });
    expect(followed(parkedAt('dynamodb_load'), skip).decision).toEqual({ kind: 'skip' });
  });

  it('approve and reject what the gate holds', () => {
    expect(openCommands(held)).toEqual(['approve', 'reject', 'abort']);
    expect(followed(held, { name: 'approve', args: who }).decision).toEqual({ kind: 'approve' });
    expect(followed(held, { name: 'reject', args: who }).decision).toEqual({ kind: 'reject' });
  });

  it('abort a run at any point', () => {
    for (const state of [started, held, parkedAt('validation'), begin(started, 'validation', 1, AT)]) {
      expect(followed(state, abort).decision).toMatchObject({ kind: 'abort', by: 'ada' });
    }
  });

  it('are noted with who and why', () => {
    expect(followed(parkedAt('validation'), retry).timeline.at(-1)).toEqual({
      at: AT,
      what: 'retryStage',
      ...who,
    });
  });

  it.each<[string, RunState, Command, RegExp]>([
    [
      'a retry while a stage is at work',
      begin(started, 'validation', 1, AT),
      retry,
      /No stage is parked; validation is at work/,
    ],
    [
      'a retry of another stage',
      parkedAt('validation'),
      { name: 'retryStage', args: { ...who, stage: 'kpi_computation' } },
      /kpi_computation is not parked; validation is/,
    ],
    ['skipping what later stages need', parkedAt('validation'), skip, /validation can't be skipped/],
    [
      'overrides for a stage without a Glue job',
      parkedAt('publish_plays'),
      { name: 'retryStage', args: { ...who, overrides: {} } },
      /takes no overrides/,
    ],
    [
      'an approval when nothing is held',
      parkedAt('validation'),
      { name: 'approve', args: who },
      /not held at the quality gate/,
    ],
    [
      'a rejection before the gate',
      begin(started, 'validation', 1, AT),
      { name: 'reject', args: who },
      /not held/,
    ],
    [
      'a second decision before the first took effect',
      followed(parkedAt('validation'), retry),
      abort,
      /just told to retry/,
    ],
    [
      'anything while the run is ending',
      cleaningUp(started, 'stopping the Glue run', AT),
      abort,
      /ending: stopping the Glue run/,
    ],
  ])('refuse %s', (_what, state, command, message) => {
    expect(refusal(state, command)).toMatch(message);
  });

  it('leave a state untouched', () => {
    const state = parkedAt('validation');
    const before = structuredClone(state);
    decide(state, retry, AT);
    expect(state).toEqual(before);
  });
});

describe('the state of a run', () => {
  it('keeps a checkpoint of each finished stage', () => {
    const state = complete(begin(started, 'validation', 2, AT), 'done', '30 s', AT);
    expect(state.checkpoints).toEqual([
      { stage: 'validation', outcome: 'done', round: 2, startedAt: AT, finishedAt: AT, summary: '30 s' },
    ]);
  });

  it('is Running again once an operator has decided', () => {
    const state = proceed(followed(parkedAt('validation'), retry));
    expect(state).toMatchObject({ status: 'Running', parked: null, decision: null });
  });

  it('keeps its timeline bounded', () => {
    let state = started;
    for (let i = 0; i < 300; i += 1) state = begin(state, 'validation', i + 2, AT);
    expect(state.timeline.length).toBeLessThanOrEqual(200);
  });
});

describe('the current details', () => {
  it('say why a run is parked and what can be done', () => {
    const text = describeRun(parkedAt('dynamodb_load'));
    expect(text).toMatch(
      /NeedsOperator.*dynamodb_load[^]*GlueOutOfMemory[^]*Java heap space[^]*Use more workers\.[^]*`retryStage`, `skipStage`, `abort`/,
    );
  });

  it('say why the gate holds a run', () => {
    expect(describeRun(held)).toMatch(
      /nothing is published yet[^]*- 6 of 100 rows rejected[^]*`approve`, `reject`, `abort`/,
    );
  });

  it('show what is done and what comes', () => {
    const state = begin(
      complete(begin(started, 'validate_aws_connection', 1, AT), 'done', 'me', AT),
      'init_s3_structure',
      1,
      AT,
    );
    expect(describeRun(state)).toMatch(
      /- \[x\] validate_aws_connection: me[^]*- \[ \] \*\*init_s3_structure\*\*[^]*- \[ \] validation/,
    );
    expect(describeRun(end(state, 'Completed', 'published', AT))).not.toContain('[ ]');
  });
});
