/**
 * The quality gate: what a run's validation report, and what it would take away, mean for publishing. Each kind of finding
 * is one reason, with its first ten and a count.
 */
import { z } from 'zod';
import { cut, cutName, firstFew } from './first-few.ts';
import { describeLosses, isTooMuch } from './losses.ts';
import type { DayLoss } from './losses.ts';
import type { FileReport, ReferenceCounts, RowCounts, ValidationReport } from './reports.ts';

export interface GateLimits {
  readonly maxRejectedShare: number;
  readonly maxReviewShare: number;
  readonly maxLostShare: number;
  /** In days. */
  readonly maxDayDistance: number;
}

export const gateVerdictSchema = z.object({
  verdict: z.enum(['pass', 'warn', 'hold']),
  reasons: z.array(z.string()),
});
export type GateVerdict = z.infer<typeof gateVerdictSchema>;

/** What a run would do to the published days. */
export interface Judged {
  /** Absent when the run had nothing to validate, and only takes away. */
  readonly report?: ValidationReport | undefined;
  readonly losses: readonly DayLoss[];
  /** A recovery takes away what its plan says, and that has been approved. */
  readonly onPurpose: boolean;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const some = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

export function judgeQuality({ report, losses, onPurpose }: Judged, limits: GateLimits): GateVerdict {
  const lost = judgeLosses(losses, report, limits);
  const holds = [...(report === undefined ? [] : tooBad(report, limits)), ...(onPurpose ? [] : lost)];
  const warnings = [...(onPurpose ? lost : []), ...(report === undefined ? [] : warningsOf(report, limits))];
  const reasons = [...holds, ...warnings].map((reason) => cut(reason));
  return { verdict: holds.length > 0 ? 'hold' : warnings.length > 0 ? 'warn' : 'pass', reasons };
}

/** Rows of files that were rejected whole are lost like others, however few the files are. */
function tooBad({ files, rows }: ValidationReport, limits: GateLimits): string[] {
  const rejectedFiles = files.filter(isRejected);
  const holds: string[] = [];
  if (rows.delivered > 0 && rows.rejected / rows.delivered > limits.maxRejectedShare) {
    const whole = rejectedFiles.reduce((sum, file) => sum + file.rows.rejected, 0);
    const share = `${percent(rows.rejected / rows.delivered)}, limit ${percent(limits.maxRejectedShare)}`;
    holds.push(
      `${rows.rejected} of ${rows.delivered} rows rejected (${share})${
        whole === 0 ? '' : `, ${whole} of them in files rejected whole`
      }`,
    );
  }
  if (files.length > 0 && rejectedFiles.length === files.length)
    holds.push(`no file could be accepted: ${firstFew(rejectedFiles.map(describeProblem), undefined, '; ')}`);
  return holds;
}

function judgeLosses(
  losses: readonly DayLoss[],
  report: ValidationReport | undefined,
  { maxLostShare }: GateLimits,
): string[] {
  const reasons: string[] = [];
  const tooMuch = losses.filter((loss) => isTooMuch(loss, maxLostShare));
  if (tooMuch.length > 0) {
    reasons.push(
      `plays of ${some(tooMuch.length, 'day')} would stop counting, all of them or more than ${percent(maxLostShare)}: ${describeLosses(tooMuch)}`,
    );
  }
  // A few plays among many others stay below the limit, whatever becomes of their file.
  const empty = (report?.files ?? []).filter(
    (file) => !isRejected(file) && file.rows.valid + file.rows.duplicate === 0,
  );
  const lostBy = new Map<string, number>();
  for (const { by, plays } of losses.flatMap(({ replaced }) => replaced))
    lostBy.set(by, (lostBy.get(by) ?? 0) + plays);
  const bringNothing = empty.filter(({ id }) => lostBy.has(id));
  if (bringNothing.length > 0) {
    const named = bringNothing.map(
      ({ id, key, rows }) =>
        `${cutName(key)} (${lostBy.get(id)} plays stop counting, none of its ${some(rows.delivered, 'row')} is accepted)`,
    );
    reasons.push(
      `${some(bringNothing.length, 'file')} would replace published plays with nothing: ${firstFew(named)}`,
    );
  }
  return reasons;
}

function warningsOf(report: ValidationReport, limits: GateLimits): string[] {
  const { files, rows, reference } = report;
  const accepted = files.filter((file) => !isRejected(file));
  const rejected = accepted.length === 0 ? [] : files.filter(isRejected);
  const drifted = accepted.filter(
    ({ drift }) => drift !== null && (drift.extraColumnCount > 0 || drift.reordered),
  );
  const truncated = accepted.filter(({ truncatedLastLine }) => truncatedLastLine);
  const empty = accepted.filter((file) => file.rows.delivered === 0);
  const kinds = [
    about(rejected, 'rejected whole', describeProblem),
    rows.delivered > 0 && rows.underReview / rows.delivered > limits.maxReviewShare
      ? `${rows.underReview} of ${rows.delivered} rows under review (${percent(rows.underReview / rows.delivered)})`
      : '',
    about(drifted, 'with drifted columns', ({ key, drift }) => `${cutName(key)} (${describeDrift(drift)})`),
    about(truncated, 'with a truncated last line', ({ key }) => cutName(key)),
    about(empty, 'without rows', ({ key }) => cutName(key)),
    farDays(report, limits.maxDayDistance),
    ...describeReference('songs', reference.songs),
    ...describeReference('users', reference.users),
  ];
  return kinds.filter((kind) => kind !== '');
}

function isRejected({ status }: FileReport): boolean {
  return status === 'rejected';
}

function about(files: readonly FileReport[], what: string, name: (file: FileReport) => string): string {
  if (files.length === 0) return '';
  return `${some(files.length, 'file')} ${what}: ${firstFew(files.map(name), undefined, '; ')}`;
}

function describeProblem({ key, problem }: FileReport): string {
  return `${cutName(key)} (${problem?.message ?? 'no reason given'})`;
}

function describeDrift(drift: FileReport['drift']): string {
  if (drift === null) return '';
  const { extraColumns, extraColumnCount, reordered } = drift;
  const extra = extraColumnCount > 0 ? `extra ${firstFew(extraColumns, extraColumnCount)}` : '';
  return [extra, reordered ? 'reordered' : ''].filter((part) => part !== '').join(', ');
}

const DAY_MS = 86_400_000;

/** Placeholders for a time that is not known (0001, 1900, 1970) are times like others; they stand far from the rest. */
function farDays({ parts }: ValidationReport, maxDistance: number): string {
  const median = medianDay(parts);
  if (median === undefined) return '';
  const distance = (day: string): number => Math.abs(Date.parse(day) - Date.parse(median)) / DAY_MS;
  const far = parts.filter(({ day }) => distance(day) > maxDistance);
  if (far.length === 0) return '';
  const days = far.map(({ day, rows }) => `${day} (${some(rows, 'row')})`);
  return `${some(far.length, 'day')} more than ${some(maxDistance, 'day')} from ${median}, around which the run's plays are: ${firstFew(days)}`;
}

/** The day up to which half of the rows are. */
function medianDay(parts: ValidationReport['parts']): string | undefined {
  const inOrder = [...parts].sort((a, b) => a.day.localeCompare(b.day));
  const half = inOrder.reduce((sum, { rows }) => sum + rows, 0) / 2;
  let passed = 0;
  return inOrder.find(({ rows }) => (passed += rows) >= half)?.day;
}

/** What of songs or users is not used: unusable rows with their places, and keys of which one value was dropped. */
function describeReference(kind: 'songs' | 'users', counts: ReferenceCounts): string[] {
  const { rows, unusable, conflicts, firstConflicts, files } = counts;
  const bad = files.flatMap(({ key, firstBad }) =>
    firstBad.map(({ line, reason }) => `${cutName(key)} line ${line}: ${reason}`),
  );
  const differing = firstConflicts.map(
    ({ key, kept, dropped }) => `${cutName(key)} (kept ${kept}, dropped ${dropped})`,
  );
  return [
    ...(unusable === 0
      ? []
      : [`${unusable} of ${rows} rows of ${kind} are unusable: ${firstFew(bad, unusable, '; ')}`]),
    ...(conflicts === 0
      ? []
      : [
          `${some(conflicts, 'key')} of ${kind} with different values: ${firstFew(differing, conflicts, '; ')}`,
        ]),
  ];
}

/** What does not add up in a report; empty when every delivered row is counted exactly once. */
export function countingErrors(report: ValidationReport): string[] {
  const errors: string[] = [];
  const check = (where: string, rows: RowCounts): void => {
    const sum = rows.valid + rows.duplicate + rows.rejected + rows.underReview;
    if (sum !== rows.delivered) errors.push(`${where}: ${rows.delivered} delivered, ${sum} accounted for`);
  };
  check('all files', report.rows);
  for (const file of report.files) check(file.key, file.rows);
  const fields = ['delivered', 'valid', 'duplicate', 'rejected', 'underReview'] as const;
  for (const field of fields) {
    const sum = report.files.reduce((total, file) => total + file.rows[field], 0);
    if (sum !== report.rows[field]) {
      errors.push(`${field}: ${report.rows[field]} in all, ${sum} in the files`);
    }
  }
  for (const part of report.parts) {
    const inFiles = part.files.reduce((total, file) => total + file.rows, 0);
    if (inFiles !== part.rows)
      errors.push(`plays of ${part.day}: ${part.rows} rows, ${inFiles} in the files`);
  }
  return errors;
}
