import { describe, expect, it } from '@jest/globals';
import { decide, openCommands } from '../../../workflows/pipeline/commands.ts';
import type { Command } from '../../../workflows/pipeline/messages.ts';
import { begin, cleaningUp, end } from '../../../workflows/pipeline/state.ts';
import type { RunState } from '../../../workflows/pipeline/state.ts';
import { AT, held, parkedAt, started, who, working } from '../../support/data/run-states.ts';

const retry: Command = { name: 'retryStage', args: who };
const skip: Command = { name: 'skipStage', args: who };
const abort: Command = { name: 'abort', args: who };

const pause: Command = { name: 'pause', args: { ...who, stopGlue: false } };
const pauseGlue: Command = { name: 'pause', args: { ...who, stopGlue: true } };
const resume: Command = { name: 'resume', args: who };
const shutdown: Command = { name: 'emergencyShutdown', args: who };

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
    expect(openCommands(parkedAt('dynamodb_load'))).toEqual([
      'retryStage',
      'skipStage',
      'pause',
      'emergencyShutdown',
      'abort',
    ]);
    const overrides = { numberOfWorkers: 4 };
    const state = followed(parkedAt('validation'), { name: 'retryStage', args: { ...who, overrides } });
    expect(state.decision).toEqual({ kind: 'retry', overrides });
    expect(followed(parkedAt('dynamodb_load'), skip).decision).toEqual({ kind: 'skip' });
  });

  it('approve and reject what the gate holds', () => {
    expect(openCommands(held)).toEqual(['approve', 'reject', 'pause', 'emergencyShutdown', 'abort']);
    expect(followed(held, { name: 'approve', args: who }).decision).toEqual({ kind: 'approve' });
    expect(followed(held, { name: 'reject', args: who }).decision).toEqual({ kind: 'reject' });
  });

  it('end a run at any point', () => {
    const retried = followed(parkedAt('validation'), retry);
    for (const state of [started, working, held, parkedAt('validation'), retried, followed(working, pause)]) {
      expect(followed(state, abort).decision).toMatchObject({ kind: 'abort', by: 'ada' });
      expect(followed(state, shutdown).decision).toMatchObject({ kind: 'shutdown', by: 'ada' });
    }
  });

  it('pause a run at any point and resume it as it stood', () => {
    for (const state of [started, working, held, parkedAt('validation')]) {
      const paused = followed(state, pause);
      expect(paused).toMatchObject({ status: 'Paused', paused: { since: AT, ...who, stopGlue: false } });
      expect(openCommands(paused)).toEqual(['resume', 'emergencyShutdown', 'abort']);
      expect({ ...followed(paused, resume), timeline: [] }).toEqual({ ...state, timeline: [] });
    }
  });

  it('may ask a paused run to stop its Glue run as well, which stays asked', () => {
    const stopping = followed(followed(working, pause), pauseGlue);
    expect(stopping.paused?.stopGlue).toBe(true);
    expect(followed(stopping, pause)).toBe(stopping);
  });

  it.each<[string, Command]>([
    ['pause', pause],
    ['emergencyShutdown', shutdown],
    ['abort', abort],
  ])('are followed once when %s is sent twice', (_name, command) => {
    const once = followed(working, command);
    expect(followed(once, command)).toBe(once);
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
      /No stage is parked; it is Running in validation/,
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
      { name: 'retryStage', args: { ...who, overrides: { numberOfWorkers: 4 } } },
      /takes no numberOfWorkers/,
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
      followed(parkedAt('dynamodb_load'), retry),
      skip,
      /just told to retry/,
    ],
    [
      'anything while the run is ending',
      cleaningUp(started, 'stopping the Glue run', AT),
      abort,
      /ending: stopping the Glue run/,
    ],
    ['anything after the end', end(started, 'Completed', 'published', AT), pause, /The run has ended/],
    ['a resume when nothing is paused', working, resume, /not paused; it is Running in validation/],
    [
      'a retry while the run is paused',
      followed(parkedAt('validation'), pause),
      retry,
      /paused, by ada: because\. Resume/,
    ],
    [
      'an abort after a shutdown',
      followed(working, shutdown),
      abort,
      /told the run to end already \(shutdown\)/,
    ],
    ['a resume after a shutdown', followed(followed(working, pause), shutdown), resume, /end already/],
    [
      'other inputs for a stage that takes none',
      parkedAt('validation'),
      { name: 'retryStage', args: { ...who, overrides: { inputs: ['streams/a.csv'] } } },
      /works with the inputs that the run has prepared/,
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
