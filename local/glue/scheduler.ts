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
  /** Its execution has begun. */
  readonly executing: boolean;
  /** Whether its execution takes one of the machine's slots. */
  readonly takesSlot: boolean;
}

/** Waiting runs that may start now, oldest first. `live` is in the order of the starts. */
export function releasable(live: readonly Queued[]): RunRecord[] {
  const running = new Map<string, number>();
  for (const { record } of live) {
    const { JobName, JobRunState } = record.run;
    // A waiting run does not count against its job's limit yet.
    if (JobRunState !== 'WAITING') running.set(JobName, (running.get(JobName) ?? 0) + 1);
  }
  const released: RunRecord[] = [];
  for (const { record, held } of live) {
    const { run, job } = record;
    if (run.JobRunState !== 'WAITING' || held) continue;
    const count = running.get(run.JobName) ?? 0;
    if (count >= job.ExecutionProperty.MaxConcurrentRuns) continue;
    running.set(run.JobName, count + 1);
    released.push(record);
  }
  return released;
}

/** Starting runs whose execution may begin now, oldest first. */
export function executable(live: readonly Queued[], slots: number): RunRecord[] {
  let free = slots - live.filter((queued) => queued.executing && queued.takesSlot).length;
  const chosen: RunRecord[] = [];
  for (const { record, held, executing, takesSlot } of live) {
    if (record.run.JobRunState !== 'STARTING' || held || executing) continue;
    if (takesSlot && free <= 0) continue;
    if (takesSlot) free -= 1;
    chosen.push(record);
  }
  return chosen;
}
