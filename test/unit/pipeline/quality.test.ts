import { describe, expect, it } from '@jest/globals';
import type { DayLoss } from '../../../pipeline/losses.ts';
import { countingErrors, judgeQuality } from '../../../pipeline/quality.ts';
import type { GateVerdict } from '../../../pipeline/quality.ts';
import { REASONS, validationReportSchema } from '../../../pipeline/reports.ts';
import type { FileReport, RowCounts, ValidationReport } from '../../../pipeline/reports.ts';

const limits = { maxRejectedShare: 0.05, maxReviewShare: 0.02, maxLostShare: 0.5, maxDayDistance: 366 };
const noReasons = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as FileReport['firstReasons'];

function rows(valid: number, rejected = 0, underReview = 0): RowCounts {
  return { delivered: valid + rejected + underReview, valid, duplicate: 0, rejected, underReview };
}

function file(key: string, counts: RowCounts, changes: Partial<FileReport> = {}): FileReport {
  return {
    id: 'a'.repeat(32),
    key,
    status: 'accepted',
    problem: null,
    rows: counts,
    firstReasons: noReasons,
    drift: {
      ...{ extraColumns: [], extraColumnCount: 0, missingColumns: [], missingColumnCount: 0 },
      reordered: false,
    },
    days: {},
    truncatedLastLine: false,
    firstBadLine: null,
    warnings: [],
    ...changes,
  };
}

const rejectedFile = (counts = rows(0, 10)): FileReport =>
  file('streams/bad.csv', counts, {
    status: 'rejected',
    problem: { code: 'missing_column', message: 'no column listen_time' },
    drift: null,
  });

function report(...files: FileReport[]): ValidationReport {
  const total = (field: keyof RowCounts): number => files.reduce((sum, f) => sum + f.rows[field], 0);
  const counts = {
    ...{ rows: 1, unique: 1, duplicates: 0, unusable: 0, conflicts: 0 },
    ...{ firstConflicts: [], files: [] },
  };
  return {
    version: 1,
    run: 'r',
    jobRunId: 'jr',
    scriptDigest: 'd',
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T00:00:00Z',
    stage: 'validation',
    ruleVersion: '1',
    referenceVersion: 'v',
    rows: {
      delivered: total('delivered'),
      valid: total('valid'),
      duplicate: total('duplicate'),
      rejected: total('rejected'),
      underReview: total('underReview'),
    },
    firstReasons: noReasons,
    reasonHits: noReasons,
    files,
    hours: [],
    completeness: { missingHours: [], daysWithMissingHours: 0 },
    parts: [],
    errors: { rows: 0, files: [] },
    review: { rows: 0, files: [] },
    ruleset: { score: 1, results: [] },
    reference: { version: 'v', songs: counts, users: counts },
  };
}

function judge(of: ValidationReport | undefined, losses: DayLoss[] = [], onPurpose = false): GateVerdict {
  return judgeQuality({ report: of, losses, onPurpose }, limits);
}

/** @param by what comes instead, by default a file that is not in the report */
function loss(day: string, [now, stopping, instead]: [number, number, number], by = 'b'.repeat(32)): DayLoss {
  const replaced = [{ key: 'streams/daily.csv', by, plays: stopping }];
  return { day, now, then: now - stopping + instead, stopping, instead, replaced };
}

const DAY = '2024-08-11';

describe('the quality gate', () => {
  it('passes good rows, and rejected ones up to the limit', () => {
    expect(judge(report(file('a', rows(100))))).toEqual({ verdict: 'pass', reasons: [] });
    expect(judge(report(file('a', rows(95, 5)))).verdict).toBe('pass');
  });

  it('holds above the limit, with the figures', () => {
    const { verdict, reasons } = judge(report(file('a', rows(94, 6))));
    expect(verdict).toBe('hold');
    expect(reasons[0]).toBe('6 of 100 rows rejected (6.0 %, limit 5.0 %)');
  });

  it('counts rows of files that were rejected whole as rejected', () => {
    const { verdict, reasons } = judge(report(file('a', rows(851)), rejectedFile(rows(0, 149))));
    expect(verdict).toBe('hold');
    expect(reasons[0]).toBe(
      '149 of 1000 rows rejected (14.9 %, limit 5.0 %), 149 of them in files rejected whole',
    );
  });

  it('warns of a file rejected whole while others go on', () => {
    const { verdict, reasons } = judge(report(file('a', rows(1000)), rejectedFile()));
    expect(verdict).toBe('warn');
    expect(reasons[0]).toBe('1 file rejected whole: streams/bad.csv (no column listen_time)');
  });

  it('holds when no file is left', () => {
    expect(judge(report(rejectedFile())).verdict).toBe('hold');
    expect(judge(report(rejectedFile(rows(0)))).verdict).toBe('hold');
  });

  it('warns of rows under review, drift, a truncated line and a file without rows', () => {
    const drift = {
      ...{ extraColumns: ['device'], extraColumnCount: 1, missingColumns: [], missingColumnCount: 0 },
      reordered: true,
    };
    const files = [
      file('a', rows(90, 0, 10)),
      file('b', rows(10), { drift, truncatedLastLine: true }),
      file('c', rows(0)),
    ];
    const { verdict, reasons } = judge(report(...files));
    expect(verdict).toBe('warn');
    expect(reasons).toEqual([
      '10 of 110 rows under review (9.1 %)',
      '1 file with drifted columns: b (extra device, reordered)',
      '1 file with a truncated last line: b',
      '1 file without rows: c',
    ]);
  });

  it('names the first ten of a kind and counts the others, however long their names are', () => {
    const long = (at: number): string => `streams/${at}${'x'.repeat(1_000)}.csv`;
    const empty = Array.from({ length: 1_000 }, (_, at) => file(long(at), rows(0)));
    const columns = Array.from({ length: 10 }, () => 'c'.repeat(100_000));
    const drift = {
      ...{ extraColumns: columns, extraColumnCount: 1_000_000, missingColumns: [], missingColumnCount: 0 },
      reordered: false,
    };
    const { reasons } = judge(report(...empty, file('wide.csv', rows(1), { drift })));
    expect(reasons.join('').length).toBeLessThan(10_000);
    expect(reasons.join('\n')).toMatch(/1000 files without rows: streams\/0x[^]* and 990 more/);
  });

  describe('of what would stop counting', () => {
    const good = report(file('a', rows(1_000)));

    it.each<[string, GateVerdict['verdict'], [number, number, number]]>([
      ['half of a day', 'pass', [200, 100, 0]],
      ['more than half of a day', 'hold', [200, 101, 0]],
      ['much of a day, most of which comes again', 'pass', [200, 200, 100]],
      ['much of a day, of which too little comes again', 'hold', [200, 200, 99]],
      ['more than half of a handful', 'pass', [10, 9, 0]],
      ['all of a handful', 'hold', [1, 1, 0]],
    ])('judges %s: %s', (_what, verdict, figures) => {
      expect(judge(good, [loss(DAY, figures)]).verdict).toBe(verdict);
    });

    it('says which days, how many plays, and which file does it', () => {
      expect(judge(good, [loss(DAY, [200, 200, 0]), loss('2024-08-12', [9, 9, 0])]).reasons).toEqual([
        'plays of 2 days would stop counting, all of them or more than 50.0 %: ' +
          '2024-08-11 (200 of 200 plays stop counting, 0 come instead), ' +
          '2024-08-12 (9 of 9 plays stop counting, 0 come instead), by what came as streams/daily.csv',
      ]);
    });

    it('names ten of ten thousand days', () => {
      const losses = Array.from({ length: 10_000 }, (_, at) =>
        loss(new Date(at * 86_400_000).toISOString().slice(0, 10), [1, 1, 0]),
      );
      const [reason = ''] = judge(good, losses).reasons;
      expect(reason).toMatch(/^plays of 10000 days[^]*1970-01-10[^]*and 9990 more, by what came as/);
      expect(reason).not.toContain('1970-01-11');
    });

    it('is asked too where there is nothing to validate', () => {
      expect(judge(undefined, [loss(DAY, [200, 200, 0])]).verdict).toBe('hold');
      expect(judge(undefined)).toEqual({ verdict: 'pass', reasons: [] });
    });

    it('lets a recovery take away what its plan says, and tells it', () => {
      const { verdict, reasons } = judge(good, [loss(DAY, [200, 200, 0])], true);
      expect(verdict).toBe('warn');
      expect(reasons).toHaveLength(1);
    });

    it.each([
      ['none of its rows is accepted', rows(0, 1)],
      ['it has no rows', rows(0)],
    ])('holds a correction, however small it is among the others, when %s', (_why, counts) => {
      const correction = file('streams/daily.csv', counts, { id: 'c'.repeat(32) });
      const among = report(file('a', rows(1_000)), correction);
      expect(judge(among).verdict).not.toBe('hold');
      const { verdict, reasons } = judge(among, [loss(DAY, [1_000, 1, 0], correction.id)]);
      expect(verdict).toBe('hold');
      expect(reasons[0]).toMatch(/^1 file would replace published plays with nothing: streams\/daily.csv/);
    });
  });

  describe('of days far from the rest', () => {
    const part = (day: string, count: number): ValidationReport['parts'][number] => ({
      ...{ day, files: [], rows: count, distinctPlays: count, sources: [] },
    });
    const withDays = (...parts: ValidationReport['parts']): ValidationReport => ({
      ...report(file('a', rows(100))),
      parts,
    });

    it('warns, with the days and their rows', () => {
      const placeholders = ['0001-01-01', '1582-10-15', '1899-12-30', '1900-01-01', '1970-01-01'];
      const { verdict, reasons } = judge(withDays(part(DAY, 95), ...placeholders.map((day) => part(day, 1))));
      expect(verdict).toBe('warn');
      expect(reasons).toEqual([
        `5 days more than 366 days from ${DAY}, around which the run's plays are: ${placeholders.map((day) => `${day} (1 row)`).join(', ')}`,
      ]);
    });

    it('passes late files of the year before', () => {
      expect(judge(withDays(part('2023-08-11', 3), part(DAY, 97))).verdict).toBe('pass');
    });
  });

  it('warns of reference rows that are not used, with file and line, and of keys that disagree', () => {
    const right = report(file('a', rows(100)));
    const songs = {
      ...{ rows: 90, unique: 80, duplicates: 3, unusable: 12, conflicts: 2 },
      firstConflicts: [{ key: 'T1', kept: 'rock of new.csv', dropped: 'jazz of old.csv' }],
      files: [
        {
          ...{ key: 'reference/songs/s.csv', rows: 90, unusable: 12, reasons: { wrong_field_count: 12 } },
          firstBad: [{ line: 7, reason: 'wrong_field_count' as const }],
        },
      ],
    };
    const { verdict, reasons } = judge({ ...right, reference: { ...right.reference, songs } });
    expect(verdict).toBe('warn');
    expect(reasons).toEqual([
      '12 of 90 rows of songs are unusable: reference/songs/s.csv line 7: wrong_field_count and 11 more',
      '2 keys of songs with different values: T1 (kept rock of new.csv, dropped jazz of old.csv) and 1 more',
    ]);
  });
});

describe('counting', () => {
  it('finds nothing wrong in a right report', () => {
    const right = report(file('a', rows(5, 1, 1)), rejectedFile());
    expect(countingErrors(right)).toEqual([]);
    expect(validationReportSchema.parse(right)).toEqual(right);
  });

  it('names a file whose rows are not all accounted for', () => {
    const wrong = report(file('a', { ...rows(5), delivered: 6 }));
    expect(countingErrors(wrong)).toEqual([
      'all files: 6 delivered, 5 accounted for',
      'a: 6 delivered, 5 accounted for',
    ]);
  });

  it('names a total that is not the sum of the files', () => {
    const wrong = { ...report(file('a', rows(5))), rows: rows(6) };
    expect(countingErrors(wrong)).toContain('valid: 6 in all, 5 in the files');
  });
});
