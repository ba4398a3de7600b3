import { describe, expect, it } from '@jest/globals';
import { lossOf, recorded } from '../../../pipeline/losses.ts';
import { foldPlays } from '../../../pipeline/manifests.ts';
import type { PlaysContribution, PlaysManifest } from '../../../pipeline/manifests.ts';

const DAY = '2024-08-11';
const id = (name: string): string => name.padStart(32, '0');

/** @param retire what stops counting, and what comes in its place */
function added(
  run: string,
  sources: [name: string, key: string, rows: number][],
  retire: [string, string][] = [],
): PlaysContribution {
  const rows = sources.reduce((sum, [, , count]) => sum + count, 0);
  const file = { key: `${run}.parquet`, size: 1, rows, sha256: 'a'.repeat(64) };
  const part = { run, files: [file], rows, distinctPlays: rows, sources: sources.map(([name]) => id(name)) };
  return {
    ...{ day: DAY, run, publishedAt: '2026-01-01T00:00:00Z' },
    ...{ referenceVersion: 'r', ruleVersion: '1', scriptDigest: 'd' },
    part: sources.length === 0 ? undefined : part,
    sources: sources.map(([name, key, count]) => ({ id: id(name), key, rows: count })),
    retire: retire.map(([old, by]) => ({ id: id(old), by: id(by) })),
  };
}

const published = foldPlays(
  undefined,
  added('r1', [
    ['a', 'streams/a.csv', 200],
    ['b', 'streams/b.csv', 50],
  ]),
);

function loss(contribution: PlaysContribution, before: PlaysManifest = published): ReturnType<typeof lossOf> {
  return lossOf(before, foldPlays(before, contribution));
}

describe('what would stop counting', () => {
  it('is what a correction does not bring again', () => {
    expect(loss(added('r2', [['c', 'streams/a.csv', 150]], [['a', 'c']]))).toEqual({
      ...{ day: DAY, now: 250, then: 200, stopping: 200, instead: 150 },
      replaced: [{ key: 'streams/a.csv', by: id('c'), plays: 200 }],
    });
  });

  it('is all that a key had brought when what comes has nothing for the day', () => {
    expect(loss(added('r2', [], [['a', 'c']]))).toMatchObject({ stopping: 200, instead: 0, then: 50 });
  });

  it('is not made up for by other files', () => {
    const other = added('r2', [['d', 'streams/d.csv', 500]], [['a', 'c']]);
    expect(loss(other)).toMatchObject({ stopping: 200, instead: 0, then: 550 });
  });

  it('is not made up for by plays that count already', () => {
    expect(loss(added('r2', [], [['a', 'b']]))).toMatchObject({ stopping: 200, instead: 0 });
  });

  it('is nothing where plays are added, or made again', () => {
    expect(loss(added('r2', [['d', 'streams/d.csv', 1]]))).toBeUndefined();
    expect(loss(added('r2', [['a', 'streams/a.csv', 1]], [['a', 'a']]))).toBeUndefined();
    expect(loss(added('r2', [], [['a', 'a']]))).toBeUndefined();
    expect(lossOf(undefined, published)).toBeUndefined();
  });

  it('does not count what stopped before', () => {
    const corrected = foldPlays(published, added('r2', [], [['a', 'c']]));
    expect(loss(added('r3', [['d', 'streams/d.csv', 1]]), corrected)).toBeUndefined();
  });

  it('is recorded with ten of its files and their number', () => {
    const replaced = Array.from({ length: 12 }, (_, at) => ({ key: `k${at}`, by: 'x', plays: 1 }));
    const { files, fileCount } = recorded({
      ...{ day: DAY, now: 12, then: 0, stopping: 12, instead: 0 },
      replaced,
    });
    expect([files.length, fileCount]).toEqual([10, 12]);
  });
});
