/** Files whose plays are made again: what their delivery means, and what becomes of the days that had them. */
import { describe, expect, it } from '@jest/globals';
import { judgeDelivery, release, renew } from '../../../pipeline/inputs.ts';
import type { FileRecord, Owner } from '../../../pipeline/inputs.ts';
import { foldPlays, rollBack } from '../../../pipeline/manifests.ts';
import type { PlaysContribution, PlaysManifest } from '../../../pipeline/manifests.ts';

const DAY = '2024-06-25';
const [X, Y, Z] = ['a', 'b', 'c'].map((digit) => digit.repeat(32)) as [string, string, string];
const owner: Owner = { run: 'first', workflowId: 'w', originalRunId: 'f' };
const self: Owner = { run: 'second', workflowId: 'w2', originalRunId: 'f2' };

function record(changes: Partial<FileRecord> = {}): FileRecord {
  const base = { version: 1, id: X, sha256: X.repeat(2), size: 1, key: 'streams/x.csv', owner } as const;
  return { ...base, state: 'done', claimedAt: '2026-01-01T00:00:00Z', days: [DAY], ...changes };
}

describe('a file whose plays are to be made again', () => {
  const keyRecord = { version: 1, key: 'streams/x.csv', fileId: X } as const;
  const judge = (fileRecord: FileRecord, closed: string[] = []): unknown =>
    judgeDelivery({
      key: 'streams/x.csv',
      fileId: X,
      self,
      keyRecord,
      fileRecord,
      closedRuns: new Set(closed),
    });

  it('replaces itself when it is delivered again', () => {
    expect(judge(record())).toEqual({ kind: 'redelivery', replaces: [] });
    expect(judge(renew(record(), 'p'))).toEqual({ kind: 'correction', replaces: [X] });
  });

  it('replaces itself also in the run that takes it over from one that died', () => {
    const claimed = record({ state: 'claimed', replaces: [X], renewedFor: 'p' });
    expect(judge(claimed, ['first'])).toEqual({ kind: 'correction', replaces: [X] });
    expect(judge(claimed)).toMatchObject({ kind: 'busy' });
  });

  it('is asked for once by a procedure', () => {
    const asked = renew(record(), 'p');
    expect(renew(asked, 'p')).toBe(asked);
    const done = record({ renewedFor: 'p' });
    expect(renew(done, 'p')).toBe(done);
    expect(renew(done, 'q').state).toBe('due');
    const underWay = record({ state: 'claimed', replaces: [X] });
    expect(renew(underWay, 'p')).toMatchObject({ state: 'claimed', renewedFor: 'p' });
  });

  it('keeps what is known of it when its claim is freed', () => {
    expect(release(record({ state: 'claimed', days: [] })).state).toBe('refused');
    expect(release(record({ state: 'claimed' })).state).toBe('published');
    expect(release(record({ state: 'claimed', replaces: [X] })).state).toBe('due');
    expect(release(record({ state: 'published' })).state).toBe('published');
    expect(release(record()).state).toBe('done');
  });
});

function contribution(
  run: string,
  sources: readonly [id: string, key: string][],
  retire: PlaysContribution['retire'] = [],
): PlaysContribution {
  const ids = sources.map(([id]) => id);
  const file = { key: `validated/${run}`, size: 1, rows: 1, sha256: 'f'.repeat(64) };
  return {
    ...{ day: DAY, run, publishedAt: '2026-01-01T00:00:00Z', referenceVersion: 'r', ruleVersion: '1' },
    scriptDigest: 's',
    part: ids.length === 0 ? undefined : { run, files: [file], rows: 1, distinctPlays: 1, sources: ids },
    sources: sources.map(([id, key]) => ({ id, key, rows: 1 })),
    retire,
  };
}

const live = ({ sources }: PlaysManifest): string[] => sources.map(({ id }) => id).sort();
const parts = (manifest: PlaysManifest): string[] => manifest.parts.map(({ run }) => run);

describe('a day whose plays are made again', () => {
  const first = foldPlays(
    undefined,
    contribution('first', [
      [X, 'streams/x.csv'],
      [Y, 'streams/y.csv'],
    ]),
  );
  const both = contribution(
    'again',
    [
      [X, 'streams/x.csv'],
      [Y, 'streams/y.csv'],
    ],
    [
      { id: X, by: X, key: 'streams/x.csv' },
      { id: Y, by: Y, key: 'streams/y.csv' },
    ],
  );

  it('has the new part instead of the old one, and every source once', () => {
    const again = foldPlays(first, both);
    expect(again).toMatchObject({ edition: 2, retired: [] });
    expect(live(again)).toEqual([X, Y]);
    expect(parts(again)).toEqual(['again']);
  });

  it('stays as it is when the same is folded in twice, also after another run', () => {
    const again = foldPlays(first, both);
    expect(foldPlays(again, both)).toBe(again);
    const later = foldPlays(again, contribution('later', [[Z, 'streams/z.csv']]));
    expect(foldPlays(later, both)).toBe(later);
  });

  it('no longer counts a file that has no accepted play any more', () => {
    const again = foldPlays(first, { ...both, sources: both.sources.slice(1) });
    expect(live(again)).toEqual([Y]);
    expect(again.retired).toMatchObject([{ id: X, retiredBy: X }]);
  });
});

describe('a day that was rolled back', () => {
  const first = foldPlays(undefined, contribution('first', [[X, 'streams/x.csv']]));
  const retire = [{ id: X, by: Y, key: 'streams/x.csv' }];
  const corrected = foldPlays(first, contribution('second', [[Y, 'streams/x.csv']], retire));
  const back = rollBack(corrected, first, { run: 'p', publishedAt: '2026-01-02T00:00:00Z' });

  it('is the earlier edition as a new one', () => {
    expect(back).toEqual({ ...first, edition: 3, run: 'p', publishedAt: '2026-01-02T00:00:00Z' });
  });

  it('has one source for a key, whatever is delivered next', () => {
    // The key's record still names the correction that was left behind.
    const next = contribution('third', [[Z, 'streams/x.csv']], [{ id: Y, by: Z, key: 'streams/x.csv' }]);
    expect(live(foldPlays(back, next))).toEqual([Z]);
    const again = contribution('third', [[Y, 'streams/x.csv']]);
    expect(live(foldPlays(back, again))).toEqual([Y]);
    const elsewhere = contribution('third', [], [{ id: Y, by: Z, key: 'streams/x.csv' }]);
    expect(live(foldPlays(back, elsewhere))).toEqual([]);
  });
});
