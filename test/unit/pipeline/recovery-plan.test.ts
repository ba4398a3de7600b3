/** How damage is repaired, decided from the evidence alone. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../../pipeline/canonical-json.ts';
import type { Damage, DayEvidence, Evidence, SourceEvidence } from '../../../pipeline/recovery/evidence.ts';
import { planRecovery } from '../../../pipeline/recovery/plan.ts';
import type { RecoveryPlan } from '../../../pipeline/recovery/plan.ts';
import { inputBatches } from '../../../pipeline/recovery/summary.ts';
import { verification } from '../../../pipeline/recovery/verification.ts';

const [MONDAY, TUESDAY, FRIDAY] = ['2024-07-01', '2024-07-02', '2024-07-05'] as const;
const id = (digit: string): string => digit.repeat(32);
const [A, B, C] = [id('a'), id('b'), id('c')];
const backup = { key: 'archived/x', versionId: 'v' };

function day(name: string, parts: Record<string, string[]>, changes: Partial<DayEvidence> = {}): DayEvidence {
  const sources = [...new Set(Object.values(parts).flat())];
  return {
    day: name,
    plays: {
      edition: 1,
      sources: sources.map((source) => ({ id: source, key: `streams/${source}`, rows: 1 })),
      parts: Object.entries(parts).map(([key, ids]) => ({ run: 'r', files: [key], sources: ids, rows: 1 })),
    },
    kpis: { edition: 1, plays: 1, items: 5, digest: 'd', referenceVersion: 'r', files: [`kpis/${name}`] },
    behind: false,
    table: { missing: 0, changed: 0, surplus: 0, examples: [] },
    ...changes,
  };
}

const gone = (key: string, layer: Damage['layer'] = 'validated'): Damage => ({
  ...{ layer, problem: 'missing', key, size: 1, sha256: 'e'.repeat(64) },
});

function source(sourceId: string, days: string[], changes: Partial<SourceEvidence> = {}): SourceEvidence {
  const sha256 = sourceId.repeat(2);
  return { id: sourceId, key: `streams/${sourceId}`, size: 1, sha256, days, backup, ...changes };
}

const unavailable = (sourceId: string, days: string[]): SourceEvidence => {
  const { backup: _backup, ...rest } = source(sourceId, days);
  return rest;
};

function evidence(changes: Partial<Evidence>): Evidence {
  const looked = { files: 0, days: 0, objects: 0, bytes: 0, items: 0 };
  const base = { version: 1, procedure: 'p', looked } as const;
  return { ...base, damages: [], documents: [], days: [], sources: [], remake: [], ...changes };
}

const summary = (given: Evidence): unknown => {
  const { restores, returns, recompute, lost } = planRecovery(given);
  return {
    restores: restores.map(({ key }) => key),
    returns: returns.map((file) => file.id),
    recompute,
    lost: lost.map(({ what }) => what),
  };
};

describe('the plan of a recovery', () => {
  it('prefers a right copy to making anything again', () => {
    const damages = [{ ...gone('p1'), backup: { key: 'p1', versionId: 'v1' } }];
    const found = evidence({ damages, days: [day(MONDAY, { p1: [A] })], sources: [] });
    expect(summary(found)).toEqual({ restores: ['p1'], returns: [], recompute: [], lost: [] });
  });

  it('makes all of a part again, and what shares other parts with its files, but nothing else', () => {
    const days = [
      day(MONDAY, { p1: [A], p2: [C] }),
      day(TUESDAY, { p3: [A, B] }),
      day(FRIDAY, { p4: [B], p5: [C] }),
    ];
    const sources = [source(A, [MONDAY, TUESDAY]), source(B, [TUESDAY, FRIDAY])];
    const found = evidence({ damages: [gone('p1')], days, sources });
    expect(summary(found)).toEqual({ restores: [], returns: [A, B], recompute: [], lost: [] });
    expect(planRecovery(found).before.map((each) => each.day)).toEqual([MONDAY, TUESDAY, FRIDAY]);
  });

  it('computes again what is behind, differs in the table, or has lost its KPI files', () => {
    const differing = { missing: 1, changed: 0, surplus: 0, examples: ['x'] };
    const days = [
      day(MONDAY, { p1: [A] }, { behind: true }),
      day(TUESDAY, { p2: [A] }, { table: differing }),
      day(FRIDAY, { p3: [A] }, { table: null }),
    ];
    const found = evidence({ damages: [gone(`kpis/${FRIDAY}`, 'kpi')], days });
    expect(summary(found)).toMatchObject({ recompute: [MONDAY, TUESDAY, FRIDAY], lost: [] });
  });

  it('leaves a lost day as it is published, and computes a day again whose plays only share a file with it', () => {
    const days = [day(MONDAY, { p1: [A], p2: [B] }), day(TUESDAY, { p3: [A] }, { behind: true })];
    const damages = [gone('p1'), gone('p2')];
    const sources = [source(A, [MONDAY, TUESDAY]), unavailable(B, [MONDAY])];
    expect(summary(evidence({ damages, days, sources }))).toEqual({
      restores: [],
      returns: [],
      recompute: [TUESDAY],
      lost: [`plays of ${MONDAY}`],
    });
  });

  it('loses a day of which a file has plays of another lost day, and its items with it', () => {
    const days = [day(MONDAY, { p1: [A], p2: [B] }), day(TUESDAY, { p3: [A] }, { behind: true })];
    const damages = [gone('p2'), gone('p3')];
    const sources = [source(A, [MONDAY, TUESDAY]), unavailable(B, [MONDAY])];
    expect(summary(evidence({ damages, days, sources }))).toMatchObject({
      returns: [],
      recompute: [],
      lost: [`plays of ${MONDAY}`, `plays of ${TUESDAY}`, `items of ${TUESDAY} in the table`],
    });
  });

  it('waits for a newer delivery of a file rather than overwriting it', () => {
    const blocked = source(A, [MONDAY], { blocked: 'a newer delivery waits under its key' });
    const found = evidence({ damages: [gone('p1')], days: [day(MONDAY, { p1: [A] })], sources: [blocked] });
    expect(planRecovery(found).lost).toMatchObject([
      { what: `plays of ${MONDAY}`, remedy: 'Run the pipeline, then recover the day again.' },
    ]);
  });

  it('makes the plays of days again that are to be made anew although nothing is wrong with them', () => {
    const days = [day(MONDAY, { p1: [A] }), day(TUESDAY, { p2: [B] })];
    const found = evidence({ days, sources: [source(A, [MONDAY])], remake: [MONDAY] });
    expect(summary(found)).toMatchObject({ returns: [A], recompute: [], lost: [] });
  });

  it('gives the files of a part to one run, and no run more than it takes where parts allow it', () => {
    const file = (nth: number): string => String(nth).padStart(32, '0');
    const ids = Array.from({ length: 500 }, (_, nth) => file(nth));
    const parts = { p1: ids.slice(0, 150), p2: ids.slice(150, 300), p3: ids.slice(300) };
    const days = [day(MONDAY, parts), day(TUESDAY, { p4: [file(0), file(499)] })];
    const sources = ids.map((each) => source(each, [MONDAY]));
    const { returns } = planRecovery(evidence({ days, sources, remake: [MONDAY] }));
    const batches = inputBatches(
      returns.map(({ key }) => key),
      returns,
    );
    expect(batches.map((keys) => keys.length)).toEqual([350, 150]);
    const second = [...parts.p2].map((each) => `streams/${each}`);
    expect(batches[1]).toEqual(second);
  });

  it('never computes a day with a part that stays lost, and never forgets one', () => {
    const names = [MONDAY, TUESDAY, FRIDAY];
    const ids = [A, B, C];
    const world = fc.record({
      parts: fc.array(
        fc.record({ day: fc.nat(2), sources: fc.subarray(ids, { minLength: 1 }), lost: fc.boolean() }),
        {
          maxLength: 6,
        },
      ),
      available: fc.subarray(ids),
    });
    fc.assert(
      fc.property(world, ({ parts, available }) => {
        const days = names.map((name, at) => {
          const own = parts.flatMap((part, nth) =>
            part.day === at ? [[`p${nth}`, part.sources] as const] : [],
          );
          return day(name, Object.fromEntries(own));
        });
        const daysOf = (sourceId: string): string[] =>
          days
            .filter(({ plays }) => plays?.sources.some((each) => each.id === sourceId))
            .map((each) => each.day);
        const sources = ids.map((each) =>
          available.includes(each) ? source(each, daysOf(each)) : unavailable(each, daysOf(each)),
        );
        const damages = parts.flatMap(({ lost }, nth) => (lost ? [gone(`p${nth}`)] : []));
        const plan = planRecovery(evidence({ damages, days, sources }));
        const returned = new Set(plan.returns.map((file) => file.id));
        const named = new Set(plan.lost.map(({ what }) => what));
        for (const { day: at, sources: own, lost } of parts) {
          const name = names[at] ?? '';
          const touched = plan.returns.some((file) => file.days.includes(name));
          const whole = own.every((each) => returned.has(each));
          const none = own.every((each) => !returned.has(each));
          // A part is made again as a whole or left alone; what is lost is made again or named.
          expect(whole || none).toBe(true);
          if (lost) expect(whole || (named.has(`plays of ${name}`) && !touched)).toBe(true);
        }
        expect([...returned].every((each) => available.includes(each))).toBe(true);
      }),
    );
  });
});

describe('the verification of a recovery', () => {
  const before = {
    day: MONDAY,
    playsEdition: 1,
    sources: [{ id: A, rows: 5 }],
    kpis: { edition: 1, plays: 5, items: 9, digest: 'd', referenceVersion: 'r' },
  };
  const plan: RecoveryPlan = {
    ...{ version: 1, procedure: 'dataRecovery', documents: [], restores: [], returns: [] },
    ...{ recompute: [MONDAY], rollback: null, lost: [], before: [before] },
  };

  it('finds no difference where the same plays give the same numbers in another edition', () => {
    const after = { ...before, playsEdition: 2, kpis: { ...before.kpis, edition: 2 } };
    const found = verification(plan, evidence({}), [after]);
    expect(found).toMatchObject({ remaining: [], differences: [], differingDays: 0 });
  });

  it('tells which files, rows and numbers differ, and what is still not right', () => {
    const kpis = { ...before.kpis, plays: 4, digest: 'e', referenceVersion: 's' };
    const after = {
      ...before,
      sources: [
        { id: A, rows: 4 },
        { id: B, rows: 1 },
      ],
      kpis,
    };
    const left = evidence({ damages: [gone('p9')], days: [day(TUESDAY, {}, { behind: true })] });
    const found = verification(plan, left, [after]);
    expect(found.differences).toEqual([
      `${MONDAY}: file ${A} has 4 rows instead of 5`,
      `${MONDAY}: file ${B} counts now (1 rows)`,
      `${MONDAY}: 4 plays and 9 items instead of 5 and 9; the reference data is another one (s instead of r)`,
    ]);
    expect(found.remaining).toEqual(['p9: missing', `${TUESDAY}: its KPIs are older than its plays`]);
  });
});

describe('canonical JSON', () => {
  it('is the same text for the same value, whatever the order of its fields', () => {
    expect(canonicalJson({ b: [{ d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[{"d":1}]}');
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
