import { cut } from '../../pipeline/first-few.ts';

/** What happened when, and who asked for it: part of the state of a run and of a procedure. */
export interface TimelineEntry {
  readonly at: string;
  readonly what: string;
  readonly by?: string;
  readonly reason?: string;
}

/** Entries kept: what needs more has been retried by hand dozens of times, and its history holds all of them. */
const LENGTH = 200;

/** Characters of an entry: 200 of these stay below what the server takes as an answer to a query, by far. */
const ENTRY_LENGTH = 2_000;

export function extended(timeline: readonly TimelineEntry[], entry: TimelineEntry): TimelineEntry[] {
  return [...timeline, { ...entry, what: cut(entry.what, ENTRY_LENGTH) }].slice(-LENGTH);
}
