/** A recovery plan in figures and lines for the person who decides. */
import { estimate, shownLines } from '../procedures/plan.ts';
import type { PlanSummary } from '../procedures/plan.ts';
import type { RecoveryPlan, Return } from './plan.ts';

/** Glue jobs of a run over inputs: validation, KPIs, load; a run that only computes days again has no validation. */
const JOBS = { inputs: 3, dates: 2 };

/** The runs that take files which are delivered again, and those that compute days again, with their Glue jobs. */
export function runsFor(
  returns: readonly Return[],
  days: readonly unknown[],
): { readonly inputRuns: number; readonly dateRuns: number; readonly glueJobs: number } {
  const keys = returns.map(({ key }) => key);
  const inputRuns = inputBatches(keys, returns).length;
  const dateRuns = batches(days).length;
  return { inputRuns, dateRuns, glueJobs: inputRuns * JOBS.inputs + dateRuns * JOBS.dates };
}

export function lostLines(lost: RecoveryPlan['lost']): string[] {
  return lost.map(({ layer, what, because, remedy }) => `LOST ${layer} ${what}: ${because}. ${remedy}`);
}

/** Items that the days had, as far as they are known. */
export function itemsOf(before: RecoveryPlan['before']): number {
  return before.reduce((sum, { kpis }) => sum + (kpis?.items ?? 0), 0);
}

/** Inputs and days that one run is given. */
const BATCH = 200;

/** Inputs that a run's request takes at most. */
const LARGEST = 1000;

export function batches<T>(all: readonly T[]): T[][] {
  const found: T[][] = [];
  for (let at = 0; at < all.length; at += BATCH) found.push(all.slice(at, at + BATCH));
  return found;
}

/**
 * Keys that are delivered again, as runs are given them. Files that share a part stay together, also where there are
 * more of them than a batch has.
 */
export function inputBatches(keys: readonly string[], files: readonly Return[]): string[][] {
  const wanted = new Set(keys);
  const groups = new Map<string, string[]>();
  for (const { id, key, together = id } of files) {
    if (wanted.has(key)) groups.set(together, [...(groups.get(together) ?? []), key]);
  }
  const found: string[][] = [];
  for (const group of groups.values()) {
    const last = found.at(-1);
    if (last !== undefined && last.length + group.length <= BATCH) last.push(...group);
    else for (let at = 0; at < group.length; at += LARGEST) found.push(group.slice(at, at + LARGEST));
  }
  return found;
}

export function summariseRecovery(
  plan: RecoveryPlan,
  given: { readonly digest: string; readonly key: string; readonly workers: number },
): PlanSummary {
  const { digest, key, workers } = given;
  const { documents, restores, returns, recompute, rollback, lost, before } = plan;
  const moved = [...restores, ...returns];
  const objects = moved.length + documents.length + (rollback === null ? 0 : 1);
  const bytes = moved.reduce((sum, { size }) => sum + size, 0);
  const { inputRuns, dateRuns, glueJobs } = runsFor(returns, recompute);
  const days = new Set([...returns.flatMap((file) => file.days), ...recompute]).size;
  const items = itemsOf(before);
  return {
    digest,
    key,
    empty: objects + recompute.length === 0,
    objects,
    bytes,
    days,
    items,
    runs: inputRuns + dateRuns,
    ...estimate({ objects, bytes, items, glueJobs, workers }),
    lost: lost.length,
    lines: shownLines(linesOf(plan)),
  };
}

function linesOf(plan: RecoveryPlan): string[] {
  const { documents, restores, returns, recompute, rollback, lost, left = [] } = plan;
  return [
    ...lostLines(lost),
    ...left.map((line) => `left as it is: ${line}`),
    ...(rollback === null
      ? []
      : [
          `put edition ${rollback.edition} of ${rollback.day} back in place of edition ${rollback.current}`,
          ...rollback.leaving.map((id) => `file ${id} no longer counts for ${rollback.day}`),
        ]),
    ...documents.map(({ key, from }) => `restore ${key} from version ${from.versionId}`),
    ...restores.map(({ key, problem, from, layer }) => {
      const source =
        from.key === key ? `version ${from.versionId}` : `${from.key} (version ${from.versionId})`;
      const aside = problem === 'missing' ? '' : '; what is there now goes to quarantine';
      return `restore ${layer} ${key} (${problem}) from ${source}${aside}`;
    }),
    ...returns.map(
      ({ key, days, from }) => `process ${key} again from ${from.key}: new editions of ${days.join(', ')}`,
    ),
    ...recompute.map((day) => `compute the KPIs of ${day} again from its plays and load them`),
  ];
}
