/**
 * Where something is killed: every boundary of every activity that a subject was seen to perform, and the middle of each
 * that writes. Nothing here is a list made by hand.
 */
import { VICTIMS } from '../support/stack/crashing-workers.ts';
import type { JournalEntry, Victim } from '../support/stack/crashing-workers.ts';

export interface CrashPoint {
  readonly victim: Victim;
  readonly site: string;
  readonly moment: string;
}

/**
 * An activity that looks again and again is performed as often as it takes: what a crash does to the third time it does
 * to the second.
 */
const LAST_TIME = 2;

/** @param journal what an undisturbed execution did */
export function pointsOf(journal: readonly JournalEntry[]): CrashPoint[] {
  const writesAt = new Map<string, number>();
  for (const { site, writes } of journal) {
    const time = Number(site.split('#')[1] ?? 1);
    if (time <= LAST_TIME) writesAt.set(site, Math.max(writes.length, writesAt.get(site) ?? 0));
  }
  return VICTIMS.flatMap((victim) =>
    [...writesAt].flatMap(([site, writes]) => momentsOf(writes).map((moment) => ({ victim, site, moment }))),
  );
}

/** In the middle: the first write, one half-way and the last on its way, and between the first and the second. */
function momentsOf(writes: number): string[] {
  const sent = [...new Set([1, Math.ceil(writes / 2), writes])].filter((nth) => nth >= 1 && nth <= writes);
  return ['before', ...sent.map((nth) => `sent-${nth}`), ...(writes > 1 ? ['answered-1'] : []), 'after'];
}

export function nameOf({ victim, site, moment }: CrashPoint): string {
  return `${victim}@${site}:${moment}`;
}
