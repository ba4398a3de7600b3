/**
 * Which runs may go on. Pure.
 *
 * Two limits hold a run back. Its job's MaxConcurrentRuns: beyond it a start is refused, or the run waits (WAITING) when
 * queuing is on. And the machine's execution slots, which stand for the account's capacity: a run that may start stays
 * STARTING until one is free.
 */
import type { RunRecord } from './model.ts';

/** A run that has not ended, with what is under way for it. */
export interface Queued {
  readonly record: RunRecord;
  /** Held back until something else lets it go, whatever the limits say. */
  readonly held: boolean;
  /** There when it has begun. */
  readonly execution?: unknown;
  /** Whether its execution takes one of the machine's slots. */
  readonly plan: { readonly takesSlot: boolean };
}

/** Waiting runs that may start now, oldest first. `live` is in the order of the starts. */
export function releasable<T extends Queued>(live: readonly T[]): T[] {
  const running = new Map<string, number>();
  for (const { record } of live) {
    const { JobName, JobRunState } = record.run;
    // A waiting run does not count against its job's limit yet.
    if (JobRunState !== 'WAITING') running.set(JobName, (running.get(JobName) ?? 0) + 1);
  }
  return live.filter(({ record: { run, job }, held }) => {
    if (run.JobRunState !== 'WAITING' || held) return false;
    const count = running.get(run.JobName) ?? 0;
    if (count >= job.ExecutionProperty.MaxConcurrentRuns) return false;
    running.set(run.JobName, count + 1);
    return true;
  });
}

/** Starting runs whose execution may begin now, oldest first. */
export function executable<T extends Queued>(live: readonly T[], slots: number): T[] {
  let free = slots - live.filter(({ execution, plan }) => execution !== undefined && plan.takesSlot).length;
  return live.filter(({ record, held, execution, plan }) => {
    if (record.run.JobRunState !== 'STARTING' || held || execution !== undefined) return false;
    if (!plan.takesSlot) return true;
    free -= 1;
    return free >= 0;
  });
}
