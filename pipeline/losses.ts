/**
 * What would stop counting: a day's manifest as it is held against what publishing would make of it. Pure. A content that
 * takes its own place, as when its plays are made again, takes nothing away.
 */
import { z } from 'zod';
import { countSchema, daySchema } from './documents.ts';
import { cutName, FIRST, firstFew } from './first-few.ts';
import type { PlaysManifest } from './manifests.ts';

/** Plays of a day that would stop counting. */
export interface DayLoss {
  readonly day: string;
  /** Plays that count now, and that would count, each as often as a file brings it. */
  readonly now: number;
  readonly then: number;
  /** Of those that count now, the ones that would stop. */
  readonly stopping: number;
  /** What the files that replace them bring to the day. */
  readonly instead: number;
  /** The contents that would be replaced: their key, their plays of the day, and what comes in their place. */
  readonly replaced: readonly { readonly key: string; readonly by: string; readonly plays: number }[];
}

/** A day's loss in a run's quality record. */
export const recordedLossSchema = z.object({
  day: daySchema,
  now: countSchema,
  then: countSchema,
  stopping: countSchema,
  instead: countSchema,
  /** Keys that stand for other content then. */
  files: z.array(z.string()).max(FIRST),
  fileCount: countSchema,
});
export type RecordedLoss = z.infer<typeof recordedLossSchema>;

/** @returns `undefined` when nothing that counts would stop */
export function lossOf(
  before: PlaysManifest | undefined,
  after: PlaysManifest | undefined,
): DayLoss | undefined {
  if (before === undefined || after === undefined) return undefined;
  const counting = new Map(before.sources.map((source) => [source.id, source]));
  const replaced = after.retired.flatMap(({ id, retiredBy: by }) => {
    const source = counting.get(id);
    return source === undefined || by === id ? [] : [{ key: source.key, by, plays: source.rows }];
  });
  const stopping = replaced.reduce((sum, { plays }) => sum + plays, 0);
  if (stopping === 0) return undefined;
  const replacing = new Set(replaced.map(({ by }) => by));
  return {
    day: before.day,
    now: playsOf(before.sources),
    then: playsOf(after.sources),
    stopping,
    instead: playsOf(after.sources.filter(({ id }) => replacing.has(id) && !counting.has(id))),
    replaced,
  };
}

export function recorded({ replaced, ...loss }: DayLoss): RecordedLoss {
  const keys = [...new Set(replaced.map(({ key }) => key))];
  return { ...loss, files: keys.slice(0, FIRST).map(cutName), fileCount: keys.length };
}

/** A correction of a day with so few plays is seen at a glance, and one play is a large share of it. */
const HANDFUL = 10;

/** Whether more of the day would go than may without a word from an operator. */
export function isTooMuch({ now, then, stopping, instead }: DayLoss, maxLostShare: number): boolean {
  return then === 0 || (now > HANDFUL && (stopping - instead) / now > maxLostShare);
}

/** The days with their figures, and the files that do it. */
export function describeLosses(losses: readonly DayLoss[]): string {
  const days = losses.map(
    ({ day, now, stopping, instead }) =>
      `${day} (${stopping} of ${now} plays stop counting, ${instead} come instead)`,
  );
  const keys = new Set(losses.flatMap(({ replaced }) => replaced.map(({ key }) => key)));
  return `${firstFew(days)}, by what came as ${firstFew([...keys])}`;
}

function playsOf(sources: readonly { readonly rows: number }[]): number {
  return sources.reduce((sum, { rows }) => sum + rows, 0);
}
