/** Reports that a validation would have left. */
import { REASONS } from '../../../pipeline/reports.ts';
import type { FileReport, RowCounts, ValidationReport } from '../../../pipeline/reports.ts';

export interface ReportedFile {
  readonly id: string;
  /** As delivered, below `streams/`. */
  readonly key: string;
  readonly rows: RowCounts;
}

const NONE = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as ValidationReport['firstReasons'];

/** For scripted Glue runs (`writes` in local Glue's README): a report on one accepted file of which no play is published. */
export function validationReport({ id, key, rows }: ReportedFile): { uri: string; body: ValidationReport } {
  const file = fileReport({ id, key, rows });
  const body = reportOn('${args.run_id}', [file]);
  return {
    uri: '${args.report_prefix}${JOB_RUN_ID}.json',
    body: { ...body, jobRunId: '${JOB_RUN_ID}', scriptDigest: '${args.script_digest}', rows },
  };
}

export function fileReport(given: ReportedFile & Partial<FileReport>): FileReport {
  return {
    ...{ status: 'accepted', problem: null, firstReasons: NONE, drift: null, days: {} },
    ...{ truncatedLastLine: false, firstBadLine: null, warnings: [] },
    ...given,
  };
}

export function reportOn(
  run: string,
  files: readonly FileReport[],
  parts: ValidationReport['parts'] = [],
): ValidationReport {
  const loose = { rows: 0, files: [] };
  const counts = {
    ...{ rows: 1, unique: 1, duplicates: 0, unusable: 0, conflicts: 0 },
    ...{ firstConflicts: [], files: [] },
  };
  const at = '2024-06-26T03:00:00Z';
  const sum = (field: keyof RowCounts): number => files.reduce((total, { rows }) => total + rows[field], 0);
  return {
    version: 1,
    run,
    jobRunId: 'jr_1',
    scriptDigest: 'd',
    startedAt: at,
    finishedAt: at,
    stage: 'validation',
    ruleVersion: '1',
    referenceVersion: 'scripted',
    rows: {
      delivered: sum('delivered'),
      valid: sum('valid'),
      duplicate: sum('duplicate'),
      rejected: sum('rejected'),
      underReview: sum('underReview'),
    },
    firstReasons: NONE,
    reasonHits: NONE,
    files: [...files],
    hours: [],
    completeness: { missingHours: [], daysWithMissingHours: 0 },
    parts,
    errors: loose,
    review: loose,
    ruleset: { score: 1, results: [] },
    reference: { version: 'scripted', songs: counts, users: counts },
  };
}
