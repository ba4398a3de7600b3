import { describe, expect, it } from '@jest/globals';
import { countingErrors, judgeQuality } from '../../../pipeline/quality.ts';
import { REASONS, validationReportSchema } from '../../../pipeline/reports.ts';
import type { FileReport, RowCounts, ValidationReport } from '../../../pipeline/reports.ts';

const limits = { maxRejectedShare: 0.05, maxReviewShare: 0.02 };
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

describe('the quality gate', () => {
  it('passes good rows, and rejected ones up to the limit', () => {
    expect(judgeQuality(report(file('a', rows(100))), limits)).toEqual({ verdict: 'pass', reasons: [] });
    expect(judgeQuality(report(file('a', rows(95, 5))), limits).verdict).toBe('pass');
  });

  it('holds above the limit, with the figures', () => {
    const { verdict, reasons } = judgeQuality(report(file('a', rows(94, 6))), limits);
    expect(verdict).toBe('hold');
    expect(reasons[0]).toBe('6 of 100 rows rejected (6.0 %, limit 5.0 %)');
  });

  it('warns of a file rejected whole while others go on', () => {
    const { verdict, reasons } = judgeQuality(report(file('a', rows(10)), rejectedFile()), limits);
    expect(verdict).toBe('warn');
    expect(reasons[0]).toContain('streams/bad.csv (no column listen_time)');
  });

  it('holds when no file is left', () => {
    expect(judgeQuality(report(rejectedFile()), limits).verdict).toBe('hold');
    expect(judgeQuality(report(rejectedFile(rows(0))), limits).verdict).toBe('hold');
  });

  it('holds a correction of which no row is accepted, however small it is among the others', () => {
    const correction = file('streams/c.csv', rows(0, 1), { id: 'c'.repeat(32) });
    const among = report(file('a', rows(1000)), correction);
    expect(judgeQuality(among, limits).verdict).toBe('pass');
    const { verdict, reasons } = judgeQuality(among, limits, new Set([correction.id]));
    expect(verdict).toBe('hold');
    expect(reasons[0]).toBe('streams/c.csv replaces published plays, and none of its 1 rows is accepted');
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
    const { verdict, reasons } = judgeQuality(report(...files), limits);
    expect(verdict).toBe('warn');
    expect(reasons.join('\n')).toMatch(
      /10 of 110 rows under review[^]*extra device, reordered[^]*truncated[^]*c has no rows/,
    );
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
