/** How many days a thing is kept where nobody removes it. What is not here stays. */
import { PREFIXES } from '../layout.ts';

/** Figures are looked at from one year to the next. */
const YEAR = 365;

/** An item of the table, after its publication; the default of `MSP_RETENTION_DAYS`. */
export const ITEM_DAYS = YEAR;

/**
 * Objects, by prefix. Delivered files stay until they are archived; records, manifests, reference data, and what was set
 * aside stay for good.
 */
export const OBJECT_DAYS: Readonly<Record<string, number>> = {
  // Time to look into a file that was bad, and to have it corrected.
  [PREFIXES.errors]: 90,
  [PREFIXES.review]: 90,
  // As long as the KPIs: a day's KPIs are always computed from all of its plays, also for a file that comes months late.
  [PREFIXES.plays]: YEAR,
  [PREFIXES.kpis]: YEAR,
  // Seven years, two of them leap years.
  [PREFIXES.archived]: 7 * YEAR + 2,
  // Scratch of a run. One that is parked for longer has to be aborted, so that a new run stages its files (docs/setup.md).
  [PREFIXES.temporary]: 7,
};

/**
 * Replaced or deleted versions of objects, so that a mistake can be undone. This is also how long a raw file can be had
 * back after it was archived and deleted from `streams/`.
 */
export const OLD_VERSION_DAYS = 30;

/** An upload that was given up costs money without being seen; none of ours takes a day. */
export const UNFINISHED_UPLOAD_DAYS = 1;

/** Lines of Glue's log groups: longer than the parking time of a run that somebody will want to understand. */
export const LOG_DAYS = 30;
