/** A reset plan in figures and lines for the person who decides. */
import { estimate, shownLines } from '../procedures/plan.ts';
import type { PlanSummary } from '../procedures/plan.ts';
import { itemsOf, lostLines, runsFor } from '../recovery/summary.ts';
import type { ResetPlan } from './plan.ts';

export function summariseReset(
  plan: ResetPlan,
  given: {
    readonly digest: string;
    readonly key: string;
    readonly workers: number;
    readonly restart: boolean;
    /** Whether all that is under way is to end, whatever else there is to reset. */
    readonly stopsAll: boolean;
  },
): PlanSummary {
  const { stops, claims, returns, undo, lost, before } = plan;
  const changes = undo === null ? 0 : undo.records.length + undo.removals.length + undo.rollbacks.length;
  const objects = claims.length + returns.length + changes;
  const bytes = returns.reduce((sum, { size }) => sum + size, 0);
  const days = new Set([
    ...returns.flatMap((file) => file.days),
    ...(undo?.rollbacks.map(({ day }) => day) ?? []),
  ]);
  const items = itemsOf(before);
  const { inputRuns, dateRuns, glueJobs } = runsFor(returns, undo?.rollbacks ?? []);
  const stopped = given.stopsAll ? stops.length : 0;
  const first = claims.length + stopped > 0 ? 1 : 0;
  const runs = given.restart ? Math.max(inputRuns + dateRuns, first) : dateRuns;
  return {
    digest: given.digest,
    key: given.key,
    empty: objects + stopped === 0,
    objects,
    bytes,
    days: days.size,
    items,
    runs,
    ...estimate({ objects, bytes, items, glueJobs, workers: given.workers }),
    lost: lost.length,
    lines: shownLines(linesOf(plan)),
  };
}

function linesOf({ stops, schedules, claims, returns, undo, lost }: ResetPlan): string[] {
  return [
    ...lostLines(lost),
    ...stops.map(({ workflowId }) => `run ${workflowId} is stopped, its Glue run included`),
    ...schedules.map((id) => `schedule ${id} is paused until the reset is done`),
    ...claims.map(
      ({ kind, key, run }) => `${kind === 'file' ? 'file' : 'key'} ${key} is freed of run ${run}`,
    ),
    ...returns.map(
      ({ key, days, from }) => `process ${key} anew from ${from.key}: new editions of ${days.join(', ')}`,
    ),
    ...(undo === null
      ? []
      : [
          ...undo.records.map(({ key }) => `${key} becomes again what it was before ${undo.reset}`),
          ...undo.removals.map(({ key }) => `${key}, which the reset delivered again, is taken back`),
          ...undo.rollbacks.map(
            ({ day, edition, current }) =>
              `edition ${edition} of ${day} is put back in place of edition ${current}`,
          ),
          ...undo.changed.map((key) => `${key} has changed since and is left alone`),
        ]),
  ];
}
