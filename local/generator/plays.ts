/**
 * Plays by number. No two numbers of a day give the same three fields: the position in the hour decides user and second
 * together, by a permutation, so that what counts as a duplicate is known without remembering a single play.
 */
import { hash, permutation, permute, PURPOSE, unit, type Permutation } from './random.ts';
import { trackIds, type TrackId } from './catalogue.ts';
import type { ParsedOptions } from './options.ts';

/** A play as it will be written, and the day it counts for. */
export interface Play {
  readonly user: number;
  readonly trackId: string;
  readonly day: string;
  /** `HH:MM:SS` */
  readonly time: string;
}

/** A run of plays that a file can go through and another can repeat from. */
export interface Plays {
  readonly count: number;
  at(position: number): Play;
}

/** Listening by hour, UTC: low at night, two peaks. The largest is under 8 % of their sum. */
const HOUR_WEIGHTS = [
  22, 18, 15, 13, 13, 16, 24, 36, 44, 42, 40, 42, 48, 46, 42, 42, 46, 54, 62, 68, 70, 64, 50, 34,
] as const;
const ALL_WEIGHTS = HOUR_WEIGHTS.reduce<number>((sum, weight) => sum + weight, 0);

/** Tracks are drawn as `unit ** POPULARITY`: the first tenth of the catalogue gets about a third of the plays. */
const POPULARITY = 2;

export interface PlaySource {
  readonly trackId: TrackId;
  /** The ordinary plays `from` to `to` (exclusive) of a day, in no order of time. */
  regular(day: number, from: number, to: number): Plays;
  /**
   * Plays outside the day's ordinary ones, of the hours `hourAt` gives. No two calls share a play.
   * @param hourAt the hour of a position, counted from midnight of the day; 24 and more is the next day
   */
  additional(day: number, count: number, hourAt: (position: number) => number): Plays;
}

export function playSource(options: ParsedOptions): PlaySource {
  const { seed, songs, users, playsPerDay } = options;
  const trackId = cached(trackIds(seed), songs);
  const days = Array.from({ length: options.days + 1 }, (_, i) => addDays(options.firstDay, i));
  const slots = users * 3600;
  const spreads: Permutation[] = [];
  const spreadOf = (hour: number): Permutation =>
    (spreads[hour] ??= permutation(slots, hash(seed, PURPOSE.playSlot, hour)));

  /** @param hour counted from midnight of the first day */
  const play = (hour: number, position: number): Play => {
    const slot = permute(spreadOf(hour), position);
    // Hours have room for 2^32 plays each in the stream of track numbers.
    const popularity = unit(seed, PURPOSE.playTrack, hour * 0x1_0000_0000 + position) ** POPULARITY;
    return {
      user: Math.floor(slot / 3600) + 1,
      trackId: trackId(Math.floor(songs * popularity)),
      day: days[Math.floor(hour / 24)] ?? options.firstDay,
      time: TIMES_OF_DAY[(hour % 24) * 3600 + (slot % 3600)] ?? '00:00:00',
    };
  };

  const hourStarts = cumulativeQuotas(playsPerDay);
  const order = permutation(Math.max(1, playsPerDay), hash(seed, PURPOSE.playOrder, 0));
  let additional = 0;

  return {
    trackId,
    regular: (day, from, to) => ({
      count: to - from,
      at: (position) => {
        const number = permute(order, from + position);
        const hour = hourStarts.findLastIndex((start) => start <= number);
        return play(day * 24 + hour, number - (hourStarts[hour] ?? 0));
      },
    }),
    additional: (day, count, hourAt) => {
      // Ordinary plays take the low positions of an hour, these the high ones; options.ts sees to it that they don't meet.
      const first = slots - 1 - additional;
      additional += count;
      return { count, at: (position) => play(day * 24 + hourAt(position), first - position) };
    },
  };
}

/** `YYYY-MM-DD`, so many days later. */
export function addDays(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** The number of the first play of each hour, and the total as the last entry. */
function cumulativeQuotas(plays: number): number[] {
  const starts = [0];
  let weights = 0;
  for (const weight of HOUR_WEIGHTS) {
    weights += weight;
    starts.push(Math.floor((plays * weights) / ALL_WEIGHTS));
  }
  return starts;
}

/** Every second of a day as text: formatting ten million times is what would cost most. */
const TIMES_OF_DAY = Array.from({ length: 86_400 }, (_, second) =>
  new Date(second * 1000).toISOString().slice('1970-01-01T'.length, -'.000Z'.length),
);

/** Catalogue ids are asked for again and again; others (unknown tracks) are not kept. */
function cached(make: TrackId, size: number): TrackId {
  const known: string[] = [];
  return (track) => (track < size ? (known[track] ??= make(track)) : make(track));
}
