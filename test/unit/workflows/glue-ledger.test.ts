import { describe, expect, it } from '@jest/globals';
import type { StageName } from '../../../pipeline/stages.ts';
import { GlueLedger } from '../../../workflows/pipeline/glue-ledger.ts';

const STAGE: StageName = 'validation';
const token = (round: number, stage: StageName = STAGE): string => `daily/first/${stage}/${round}`;

/** What a stage may enter, in the order in which a workflow does. */
const ENTRIES = {
  /** A round begins, and asks for a token to start a Glue run with. */
  start: (ledger: GlueLedger, round: number) => {
    ledger.beginRound(STAGE, round);
    ledger.tokenOf(STAGE, round);
    ledger.started(`jr_${round}`);
  },
  succeed: (ledger: GlueLedger, round: number) => {
    ledger.settle(STAGE, `jr_${round}`, { succeeded: true });
  },
  fail: (ledger: GlueLedger, round: number) => {
    ledger.settle(STAGE, `jr_${round}`, { succeeded: false });
  },
  stop: (ledger: GlueLedger, round: number) => {
    ledger.stopped(STAGE, [`jr_${round}`, 'jr_beside']);
  },
  retry: (ledger: GlueLedger, round: number) => {
    ledger.ask({ stage: STAGE, round, overrides: { numberOfWorkers: 4 } });
  },
} as const;
type Entry = readonly [keyof typeof ENTRIES, number];

interface Case {
  readonly entered: readonly Entry[];
  /** The token with which the next Glue run of the stage starts, in round 2. */
  readonly next: string;
  /** The token of a Glue run that may be alive and that nobody has told to stop. */
  readonly left: string | undefined;
  readonly unfinished: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  'nothing was begun': { entered: [], next: token(2), left: undefined, unfinished: [] },
  'a run is at work': { entered: [['start', 1]], next: token(1), left: token(1), unfinished: ['jr_1'] },
  'it succeeded': {
    entered: [
      ['start', 1],
      ['succeed', 1],
    ],
    next: token(2),
    left: undefined,
    unfinished: [],
  },
  'it failed: what it has written is unfinished': {
    entered: [
      ['start', 1],
      ['fail', 1],
    ],
    next: token(2),
    left: undefined,
    unfinished: ['jr_1'],
  },
  'it was told to stop: it may have succeeded before, so its token stays': {
    entered: [
      ['start', 1],
      ['stop', 1],
    ],
    next: token(1),
    left: undefined,
    unfinished: ['jr_1', 'jr_beside'],
  },
  'it was told to stop and began again under its token': {
    entered: [
      ['start', 1],
      ['stop', 1],
      ['start', 1],
    ],
    next: token(1),
    left: token(1),
    unfinished: ['jr_1', 'jr_beside'],
  },
  'an operator asked for another round while its end was not seen': {
    entered: [
      ['start', 1],
      ['retry', 2],
    ],
    next: token(1),
    left: token(1),
    unfinished: ['jr_1'],
  },
};

function after(entered: readonly Entry[]): GlueLedger {
  const ledger = new GlueLedger('daily', 'first');
  for (const [entry, round] of entered) ENTRIES[entry](ledger, round);
  return ledger;
}

describe('the ledger of Glue runs', () => {
  it.each(Object.entries(CASES))('knows what is unsettled when %s', (_when, given) => {
    const ledger = after(given.entered);
    expect(ledger.unwatched(STAGE)).toBe(given.left);
    expect(ledger.entries.unfinishedGlueRuns).toEqual(given.unfinished);
    expect(ledger.isUnsettled(STAGE)).toBe(given.next !== token(2));
    expect(ledger.tokenOf(STAGE, 2)).toBe(given.next);
  });

  it.each(Object.entries(CASES))('hands all of it on to another execution when %s', (_when, given) => {
    const ledger = after(given.entered);
    const next = new GlueLedger('daily', 'second');
    next.adopt(ledger.entries);
    expect(next.entries).toEqual(ledger.entries);
    expect(next.tokenOf(STAGE, 2)).toBe(given.next);
  });

  it('keeps the stages apart', () => {
    const ledger = after([['start', 1]]);
    expect(ledger.unwatched('kpi_computation')).toBeUndefined();
    expect(ledger.tokenOf('kpi_computation', 1)).toBe(token(1, 'kpi_computation'));
  });

  it('begins a stage in the round that an operator asked for, with what was changed for it', () => {
    const ledger = after([
      ['start', 1],
      ['fail', 1],
      ['retry', 2],
    ]);
    expect(ledger.firstRound(STAGE)).toBe(2);
    expect(ledger.overridesOf(STAGE, 2)).toEqual({ numberOfWorkers: 4 });
    expect(ledger.overridesOf(STAGE, 3)).toEqual({});
    expect(ledger.overridesOf('kpi_computation', 2)).toEqual({});
  });

  it.each([
    ['of this round', { round: 2 }, true],
    ['of a round to come', { round: 3 }, true],
    ['of a round that is left behind', { round: 1 }, false],
    ['of another stage', { stage: 'dynamodb_load', round: 1 }, true],
    ['of another run under the same workflow id', { originalRunId: 'second' }, false],
    ['of another workflow', { workflowId: 'nightly' }, false],
  ])('says of a Glue run %s whether this run will adopt it', (_whose, parts, expected) => {
    const ledger = after([
      ['start', 1],
      ['start', 2],
    ]);
    const own = { workflowId: 'daily', originalRunId: 'first', stage: STAGE, round: 2 };
    expect(ledger.willAdopt({ ...own, ...parts })).toBe(expected);
  });
});
