import { cut } from '../../pipeline/first-few.ts';

/** What happened when, and who asked for it: part of the state of a run and of a procedure. */
export interface TimelineEntry {
  readonly at: string;
  readonly what: string;
  readonly by?: string;
  readonly reason?: string;
  /** A signal that was not followed. */
  readonly refused?: true;
}

/** Entries kept: what needs more has been retried by hand dozens of times, and its history holds all of them. */
const LENGTH = 200;

/** Refused signals kept: the last ones are worth a look, and a flood of them must not push out what happened. */
const REFUSED = 10;

/** Characters of an entry: 200 of these stay below what the server takes as an answer to a query, by far. */
const ENTRY_LENGTH = 2_000;

export function extended(timeline: readonly TimelineEntry[], entry: TimelineEntry): TimelineEntry[] {
  const refused = entry.refused === true ? refusedIn(timeline) : [];
  const dropped = refused.length < REFUSED ? undefined : refused[0];
  const kept = timeline.filter((each) => each !== dropped);
  return [...kept, { ...entry, what: cut(entry.what, ENTRY_LENGTH) }].slice(-LENGTH);
}

export function refusedIn(timeline: readonly TimelineEntry[]): TimelineEntry[] {
  return timeline.filter(({ refused }) => refused === true);
}
