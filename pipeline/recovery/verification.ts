/** What a recovery has come to: the records from before held against those of after. Pure. */
import { tableDiffers } from './evidence.ts';
import type { Evidence } from './evidence.ts';
import type { Before, RecoveryPlan } from './plan.ts';

export interface Verification {
  readonly version: 1;
  /** What was to be repaired, or broke meanwhile, and is not as its record says. */
  readonly remaining: readonly string[];
  /** How days differ from what they were; none where the same plays give the same numbers. */
  readonly differences: readonly string[];
  readonly differingDays: number;
  readonly lost: RecoveryPlan['lost'];
}

export function verification(plan: RecoveryPlan, evidence: Evidence, after: readonly Before[]): Verification {
  const lost = new Set(plan.lost.map(({ what }) => what));
  const lostDays = new Set(
    plan.lost.flatMap(({ what }) => /^(?:plays|KPIs|items) of (\S+)/.exec(what)?.[1] ?? []),
  );
  const compared = compareDays(plan.before, after);
  return {
    version: 1,
    remaining: [
      ...evidence.documents
        .filter(({ key }) => !lost.has(key))
        .map(({ key, problem }) => `${key}: ${problem}`),
      ...evidence.damages
        .filter(({ key, day }) => !lost.has(key) && (day === undefined || !lostDays.has(day)))
        .map(({ key, problem }) => `${key}: ${problem}`),
      ...evidence.days
        .filter(({ day }) => !lostDays.has(day))
        .flatMap(({ day, behind, table }) => [
          ...(behind ? [`${day}: its KPIs are older than its plays`] : []),
          ...(tableDiffers(table) ? [`${day}: the table differs from the published items`] : []),
        ]),
    ],
    differences: compared.lines,
    differingDays: compared.days,
    lost: plan.lost,
  };
}

/** How days differ from what they were, and how many do. */
export function compareDays(
  before: readonly Before[],
  after: readonly Before[],
): { readonly days: number; readonly lines: string[] } {
  const now = new Map(after.map((day) => [day.day, day]));
  const found = before.map((day) => differencesOf(day, now.get(day.day)));
  return { days: found.filter((lines) => lines.length > 0).length, lines: found.flat() };
}

function differencesOf(before: Before, after: Before | undefined): string[] {
  const { day } = before;
  if (after === undefined) return [`${day}: it has no manifest any more`];
  const differences: string[] = [];
  const rows = new Map(after.sources.map(({ id, rows: count }) => [id, count]));
  for (const { id, rows: was } of before.sources) {
    const is = rows.get(id);
    if (is === undefined) differences.push(`${day}: file ${id} no longer counts (it had ${was} rows)`);
    else if (is !== was) differences.push(`${day}: file ${id} has ${is} rows instead of ${was}`);
  }
  for (const { id, rows: is } of after.sources) {
    if (before.sources.some((source) => source.id === id)) continue;
    differences.push(`${day}: file ${id} counts now (${is} rows)`);
  }
  return [...differences, ...kpiDifferences(before, after)];
}

function kpiDifferences({ day, kpis: was }: Before, { kpis: is }: Before): string[] {
  // Without KPIs before, there is nothing to compare with.
  if (was === null) return [];
  if (is === null) return [`${day}: it has no KPIs any more`];
  if (was.digest === is.digest) return [];
  const reference =
    was.referenceVersion === is.referenceVersion
      ? ''
      : `; the reference data is another one (${is.referenceVersion} instead of ${was.referenceVersion})`;
  const figures =
    was.plays === is.plays && was.items === is.items
      ? 'the same number of plays and items, but other values'
      : `${is.plays} plays and ${is.items} items instead of ${was.plays} and ${was.items}`;
  return [`${day}: ${figures}${reference}`];
}
