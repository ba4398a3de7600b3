/** What happened when, and who asked for it: part of the state of a run and of a procedure. */
export interface TimelineEntry {
  readonly at: string;
  readonly what: string;
  readonly by?: string;
  readonly reason?: string;
}

/** Entries kept: what needs more has been retried by hand dozens of times, and its history holds all of them. */
const LENGTH = 200;

export function extended(timeline: readonly TimelineEntry[], entry: TimelineEntry): TimelineEntry[] {
  return [...timeline, entry].slice(-LENGTH);
}
