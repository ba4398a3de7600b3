/**
 * The quality gate: what a validation report means for publishing. A file that was rejected whole does not hold the
 * others back, unless no file is left; rows rejected within accepted files do, above the limit.
 */
import { z } from 'zod';
import type { RowCounts, ValidationReport } from './reports.ts';

export interface GateLimits {
  readonly maxRejectedShare: number;
  readonly maxReviewShare: number;
}

export const gateVerdictSchema = z.object({
  verdict: z.enum(['pass', 'warn', 'hold']),
  reasons: z.array(z.string()),
});
export type GateVerdict = z.infer<typeof gateVerdictSchema>;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** @param replacing the files by which published plays stop counting */
export function judgeQuality(
  report: ValidationReport,
  limits: GateLimits,
  replacing: ReadonlySet<string> = new Set(),
): GateVerdict {
  const accepted = report.files.filter((file) => file.status === 'accepted');
  const rejectedFiles = report.files.filter((file) => file.status === 'rejected');
  const rows = accepted.reduce((sum, file) => sum + file.rows.delivered, 0);
  const rejected = accepted.reduce((sum, file) => sum + file.rows.rejected, 0);
  const underReview = accepted.reduce((sum, file) => sum + file.rows.underReview, 0);

  const holds: string[] = [];
  if (rows > 0 && rejected / rows > limits.maxRejectedShare) {
    const share = percent(rejected / rows);
    holds.push(
      `${String(rejected)} of ${String(rows)} rows rejected (${share}, limit ${percent(limits.maxRejectedShare)})`,
    );
  }
  if (accepted.length === 0 && rejectedFiles.length > 0) {
    holds.push(`no file could be accepted: ${rejectedFiles.map(describeProblem).join('; ')}`);
  }

  for (const { id, key, rows: of } of accepted) {
    // A few rows among many others stay below the limit, whatever they take away.
    if (replacing.has(id) && of.delivered > 0 && of.valid + of.duplicate === 0) {
      holds.push(`${key} replaces published plays, and none of its ${String(of.delivered)} rows is accepted`);
    }
  }

  const warnings: string[] =
    accepted.length > 0 ? rejectedFiles.map((file) => `file rejected: ${describeProblem(file)}`) : [];
  if (rows > 0 && underReview / rows > limits.maxReviewShare) {
    warnings.push(
      `${String(underReview)} of ${String(rows)} rows under review (${percent(underReview / rows)})`,
    );
  }
  for (const file of accepted) {
    const { drift } = file;
    if (drift !== null && (drift.extraColumns.length > 0 || drift.reordered)) {
      warnings.push(`columns drifted in ${file.key}: ${describeDrift(drift)}`);
    }
    if (file.truncatedLastLine) warnings.push(`last line of ${file.key} is truncated`);
    if (file.rows.delivered === 0) warnings.push(`${file.key} has no rows`);
  }
  if (holds.length > 0) return { verdict: 'hold', reasons: [...holds, ...warnings] };
  return { verdict: warnings.length > 0 ? 'warn' : 'pass', reasons: warnings };
}

function describeProblem(file: ValidationReport['files'][number]): string {
  return `${file.key} (${file.problem?.message ?? 'no reason given'})`;
}

function describeDrift(drift: { extraColumns: readonly string[]; reordered: boolean }): string {
  const extra = drift.extraColumns.length > 0 ? `extra ${drift.extraColumns.join(', ')}` : '';
  return [extra, drift.reordered ? 'reordered' : ''].filter((part) => part !== '').join(', ');
}

/** What does not add up in a report; empty when every delivered row is counted exactly once. */
export function countingErrors(report: ValidationReport): string[] {
  const errors: string[] = [];
  const check = (where: string, rows: RowCounts): void => {
    const sum = rows.valid + rows.duplicate + rows.rejected + rows.underReview;
    if (sum !== rows.delivered)
      errors.push(`${where}: ${String(rows.delivered)} delivered, ${String(sum)} accounted for`);
  };
  check('all files', report.rows);
  for (const file of report.files) check(file.key, file.rows);
  const fields = ['delivered', 'valid', 'duplicate', 'rejected', 'underReview'] as const;
  for (const field of fields) {
    const sum = report.files.reduce((total, file) => total + file.rows[field], 0);
    if (sum !== report.rows[field]) {
      errors.push(`${field}: ${String(report.rows[field])} in all, ${String(sum)} in the files`);
    }
  }
  for (const part of report.parts) {
    const inFiles = part.files.reduce((total, file) => total + file.rows, 0);
    if (inFiles !== part.rows)
      errors.push(`plays of ${part.day}: ${String(part.rows)} rows, ${String(inFiles)} in the files`);
  }
  return errors;
}
