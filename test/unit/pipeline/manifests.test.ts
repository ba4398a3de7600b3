import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decideKpis, foldPlays, playsManifestSchema } from '../../../pipeline/manifests.ts';
import type { KpisManifest, PlaysContribution, PlaysManifest } from '../../../pipeline/manifests.ts';

const DAY = '2024-06-25';
const id = (n: number): string => String(n).padStart(32, '0');

function contribution(
  run: string,
  sources: number[],
  retire: [number, number][] = [],
  name = 'p',
): PlaysContribution {
  const part = {
    run,
    files: [
      {
        key: `validated/plays/listen_date=${DAY}/run=${run}/${name}.parquet`,
        size: 1,
        rows: 1,
        sha256: 'a'.repeat(64),
      },
    ],
    rows: sources.length,
    distinctPlays: sources.length,
    sources: sources.map(id),
  };
  return {
    day: DAY,
    run,
    publishedAt: '2026-01-01T00:00:00Z',
    referenceVersion: 'r',
    ruleVersion: '1',
    scriptDigest: 'd',
    part: sources.length === 0 ? undefined : part,
    sources: sources.map((n) => ({ id: id(n), key: `streams/${n}.csv`, rows: 1 })),
    retire: retire.map(([old, by]) => ({ id: id(old), by: id(by) })),
  };
}

const live = (manifest: PlaysManifest): string[] => manifest.sources.map((source) => source.id).sort();

describe('folding plays into a day', () => {
  it('begins with edition 1 and counts up by one', () => {
    const first = foldPlays(undefined, contribution('r1', [1]));
    const second = foldPlays(first, contribution('r2', [2]));
    expect([first.edition, second.edition]).toEqual([1, 2]);
    expect(live(second)).toEqual([id(1), id(2)]);
    expect(second.parts).toHaveLength(2);
    expect(playsManifestSchema.parse(second)).toEqual(second);
  });

  it('leaves the manifest as it is when it has the contribution already', () => {
    const first = foldPlays(undefined, contribution('r1', [1]));
    expect(foldPlays(first, contribution('r1', [1]))).toBe(first);
    const second = foldPlays(first, contribution('r2', [2]));
    expect(foldPlays(second, contribution('r1', [1]))).toBe(second);
  });

  it('takes what a run found when it validated once more in the place of what it found before', () => {
    const first = foldPlays(undefined, contribution('r1', [1, 2]));
    const again = contribution(
      'r1',
      [1, 2],
      [
        [1, 1],
        [2, 2],
      ],
      'again',
    );
    const second = foldPlays(first, again);
    expect(second.edition).toBe(2);
    expect(live(second)).toEqual([id(1), id(2)]);
    expect(second.parts.map(({ files }) => files.map(({ key }) => key))).toEqual([
      again.part?.files.map(({ key }) => key),
    ]);
    expect(foldPlays(second, again)).toBe(second);
    const nothing = foldPlays(second, contribution('r1', [], [[1, 1]]));
    expect([nothing.edition, live(nothing)]).toEqual([3, [id(2)]]);
  });

  it('retires what a correction replaces, and keeps its rows out of the live sources', () => {
    const corrected = foldPlays(
      foldPlays(undefined, contribution('r1', [1])),
      contribution('r2', [2], [[1, 2]]),
    );
    expect(live(corrected)).toEqual([id(2)]);
    expect(corrected.retired).toMatchObject([{ id: id(1), retiredBy: id(2) }]);
  });

  it('revives a source whose correction was corrected back', () => {
    const corrected = foldPlays(
      foldPlays(undefined, contribution('r1', [1])),
      contribution('r2', [2], [[1, 2]]),
    );
    const back = foldPlays(corrected, contribution('r3', [1], [[2, 1]]));
    expect(live(back)).toEqual([id(1)]);
    expect(back.retired.map((source) => source.id)).toEqual([id(2)]);
  });

  it('publishes a day again without new plays, as when its KPIs are computed again', () => {
    const first = foldPlays(undefined, contribution('r1', [1]));
    const again = foldPlays(first, contribution('r2', []));
    expect(again.edition).toBe(2);
    expect(again.parts).toEqual(first.parts);
  });

  it('does not add a source twice when a run takes over what a dead one had published', () => {
    const first = foldPlays(undefined, contribution('dead', [1]));
    const taken = foldPlays(first, contribution('heir', [1]));
    expect(taken.parts).toHaveLength(1);
    expect(live(taken)).toEqual([id(1)]);
    expect(taken.edition).toBe(2);
  });

  it('has every source once and every contribution in, in whatever order and however often runs fold', () => {
    const runs = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(runs, fc.infiniteStream(fc.nat()), (numbers, picks) => {
        const contributions = numbers.map((n) => contribution(`r${n}`, [n]));
        let manifest: PlaysManifest | undefined;
        const iterator = picks[Symbol.iterator]();
        for (let step = 0; step < contributions.length * 3; step += 1) {
          const at =
            step < contributions.length ? step : (iterator.next().value as number) % contributions.length;
          const chosen = contributions[at];
          if (chosen !== undefined) manifest = foldPlays(manifest, chosen);
        }
        expect(manifest === undefined ? [] : live(manifest)).toEqual(numbers.map(id).sort());
        expect(manifest?.edition).toBe(numbers.length);
      }),
    );
  });
});

describe('publishing KPIs', () => {
  const kpis = (edition: number, given: Partial<KpisManifest> = {}): KpisManifest => ({
    version: 1,
    kind: 'kpis',
    day: DAY,
    edition,
    publishedAt: '2026-01-01T00:00:00Z',
    run: `r${edition}`,
    referenceVersion: 'r',
    scriptDigest: 'd',
    plays: 1,
    items: 1,
    digest: 'x',
    files: [],
    ...given,
  });

  it('never lets an older edition replace a newer one', () => {
    expect(decideKpis(undefined, kpis(1))).toBe('publish');
    expect(decideKpis(kpis(1), kpis(2))).toBe('publish');
    expect(decideKpis(kpis(2), kpis(2))).toBe('keep');
    expect(decideKpis(kpis(3), kpis(2))).toBe('superseded');
  });

  it('replaces an edition when the run that made it computes it once more', () => {
    const file = (name: string) => ({ files: [{ key: name, size: 1, rows: 1, sha256: 'a'.repeat(64) }] });
    const later = { ...file('b'), publishedAt: '2026-01-01T00:00:01Z' };
    expect(decideKpis(kpis(2, file('a')), kpis(2, later))).toBe('publish');
    expect(decideKpis(kpis(2, later), kpis(2, file('a')))).toBe('keep');
    expect(decideKpis(kpis(2, file('a')), kpis(2, { ...later, ...file('a') }))).toBe('keep');
    expect(decideKpis(kpis(2, file('a')), kpis(2, { ...later, run: 'another' }))).toBe('keep');
  });
});
