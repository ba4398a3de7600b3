/** What was put into a file, by kind: what a right validation must find in it. */
import { REASONS, type Reason, type RowCounts } from '../../pipeline/reports.ts';
import type { Row } from './rows.ts';
import type { StreamFile } from './stream-files.ts';

export interface FileTruth {
  readonly status: 'accepted' | 'rejected';
  readonly rows: RowCounts;
  /** Rows by their first reason. */
  readonly firstReasons: Record<Reason, number>;
  /** Rows by reason; a row with several counts for each. */
  readonly reasonHits: Record<Reason, number>;
  /** Accepted rows by day, valid and duplicate. */
  readonly days: Record<string, number>;
}

export interface Tally {
  readonly add: (row: Row) => void;
  readonly result: () => FileTruth;
}

const noReasons = (): Record<Reason, number> =>
  Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<Reason, number>;

export function tallyOf(file: StreamFile): Tally {
  const rejectedWhole = file.broken !== undefined && file.broken !== 'header_only';
  const rows = { delivered: 0, valid: 0, duplicate: 0, rejected: 0, underReview: 0 };
  const firstReasons = noReasons();
  const reasonHits = noReasons();
  const days: Record<string, number> = {};
  return {
    add: (row) => {
      rows.delivered += 1;
      if (rejectedWhole) {
        rows.rejected += 1;
        return;
      }
      rows[row.verdict] += 1;
      if (row.day !== undefined) days[row.day] = (days[row.day] ?? 0) + 1;
      const [first] = row.reasons;
      if (first !== undefined) firstReasons[first] += 1;
      for (const reason of row.reasons) reasonHits[reason] += 1;
    },
    result: () => ({ status: rejectedWhole ? 'rejected' : 'accepted', rows, firstReasons, reasonHits, days }),
  };
}
