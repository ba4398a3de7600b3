/** The report that a validation would have left, for scripted Glue runs (`writes` in local Glue's README). */
import { REASONS } from '../../pipeline/reports.ts';
import type { RowCounts, ValidationReport } from '../../pipeline/reports.ts';

export interface ReportedFile {
  readonly id: string;
  /** As delivered, below `streams/`. */
  readonly key: string;
  readonly rows: RowCounts;
}

/** A report on one accepted file of which no play is published. */
export function validationReport({ id, key, rows }: ReportedFile): { uri: string; body: ValidationReport } {
  const none = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as ValidationReport['firstReasons'];
  const loose = { rows: 0, files: [] };
  const counts = { rows: 1, unique: 1, duplicates: 0, unusable: 0 };
  const at = '2024-06-26T03:00:00Z';
  return {
    uri: '${args.report_prefix}${JOB_RUN_ID}.json',
    body: {
      version: 1,
      run: '${args.run_id}',
      jobRunId: '${JOB_RUN_ID}',
      scriptDigest: '${args.script_digest}',
      startedAt: at,
      finishedAt: at,
      stage: 'validation',
      ruleVersion: '1',
      referenceVersion: 'scripted',
      rows,
      firstReasons: none,
      reasonHits: none,
      files: [
        {
          ...{ id, key, rows, status: 'accepted', problem: null, firstReasons: none, drift: null, days: {} },
          ...{ truncatedLastLine: false, firstBadLine: null, warnings: [] },
        },
      ],
      hours: [],
      completeness: { missingHours: [] },
      parts: [],
      errors: loose,
      review: loose,
      ruleset: { score: 1, results: [] },
      reference: { version: 'scripted', songs: counts, users: counts },
    },
  };
}
