/**
 * The items of a day: their schema and the invariants that hold for every right set of them, whatever the plays were.
 */
import { z } from 'zod';
import { daySchema } from './documents.ts';

export const METRIC_TYPES = [
  'genre_listen_count',
  'genre_unique_listeners',
  'genre_total_listening_ms',
  'genre_avg_listening_ms_per_user',
  'top_song',
  'top_genre',
  'top_artist',
  'daily_listen_count',
  'daily_active_users',
  'daily_total_listening_ms',
  'hourly_listen_count',
  'hourly_active_users',
  'country_listen_count',
  'country_active_users',
] as const;
export type MetricType = (typeof METRIC_TYPES)[number];

export const kpiItemSchema = z.object({
  id: z.string().min(1),
  metric_type: z.enum(METRIC_TYPES),
  date: daySchema,
  value: z.number().nonnegative(),
  dimensions: z.object({
    genre: z.string().optional(),
    rank: z.number().int().min(1).optional(),
    hour: z.number().int().min(0).max(23).optional(),
    country: z.string().optional(),
  }),
  metadata: z.record(z.string(), z.unknown()),
});
export type KpiItem = z.infer<typeof kpiItemSchema>;

/** Longest ranking of each kind. */
const RANKS = { top_song: 3, top_genre: 5, top_artist: 10 } as const;

/** Half a unit in the last place that an average may differ by, relative to its size: doubles carry 15 digits. */
const AVERAGE_TOLERANCE = 1e-9;

/**
 * The invariants that these items break, in words; none for a right set.
 * @param plays the number of distinct plays that the items were computed from
 */
export function brokenInvariants(day: string, items: readonly KpiItem[], plays: number): string[] {
  const broken: string[] = [];
  const expect = (holds: boolean, message: string): void => {
    if (!holds) broken.push(`${day}: ${message}`);
  };
  const of = (metric: MetricType): KpiItem[] => items.filter((item) => item.metric_type === metric);
  const sum = (metric: MetricType): number => of(metric).reduce((total, item) => total + item.value, 0);
  const by = (metric: MetricType, dimension: 'genre' | 'hour' | 'country'): Map<string, number> =>
    new Map(of(metric).map((item) => [String(item.dimensions[dimension]), item.value]));

  expect(new Set(items.map((item) => item.id)).size === items.length, 'two items have the same id');
  expect(
    items.every((item) => item.date === day),
    'an item has another date',
  );
  if (plays === 0) {
    expect(items.length === 0, `no plays, but ${items.length} items`);
    return broken;
  }

  const listens = sum('daily_listen_count');
  expect(of('daily_listen_count').length === 1, 'daily_listen_count is not there exactly once');
  expect(listens === plays, `daily_listen_count is ${listens}, the plays are ${plays}`);
  for (const metric of ['genre_listen_count', 'hourly_listen_count', 'country_listen_count'] as const) {
    expect(sum(metric) === listens, `${metric} adds up to ${sum(metric)}, not ${listens}`);
  }
  const milliseconds = sum('daily_total_listening_ms');
  expect(
    sum('genre_total_listening_ms') === milliseconds,
    `genre_total_listening_ms adds up to ${sum('genre_total_listening_ms')}, not ${milliseconds}`,
  );

  const users = sum('daily_active_users');
  expect(users >= 1 && users <= listens, `daily_active_users is ${users} of ${listens} plays`);
  expect(
    sum('country_active_users') === users,
    `country_active_users adds up to ${sum('country_active_users')}, not ${users}`,
  );
  const pairs = [
    ['genre_unique_listeners', 'genre_listen_count', 'genre'],
    ['hourly_active_users', 'hourly_listen_count', 'hour'],
    ['country_active_users', 'country_listen_count', 'country'],
  ] as const;
  for (const [unique, count, dimension] of pairs) {
    const counts = by(count, dimension);
    for (const [name, value] of by(unique, dimension)) {
      const plausible = value >= 1 && value <= users && value <= (counts.get(name) ?? 0);
      expect(plausible, `${unique} of ${name} is ${value} for ${counts.get(name) ?? 0} listens`);
    }
    expect(
      by(unique, dimension).size === counts.size,
      `${unique} and ${count} do not cover the same ${dimension}s`,
    );
  }

  const totals = by('genre_total_listening_ms', 'genre');
  const listeners = by('genre_unique_listeners', 'genre');
  for (const [genre, average] of by('genre_avg_listening_ms_per_user', 'genre')) {
    const right = (totals.get(genre) ?? Number.NaN) / (listeners.get(genre) ?? Number.NaN);
    const close = Math.abs(average - right) <= AVERAGE_TOLERANCE * Math.max(1, right);
    expect(close, `genre_avg_listening_ms_per_user of ${genre} is ${average}, total / listeners is ${right}`);
  }

  broken.push(...brokenRankings(day, items));
  return broken;
}

/** Ranks are dense from 1, no longer than allowed, and values never rise with the rank. */
function brokenRankings(day: string, items: readonly KpiItem[]): string[] {
  const broken: string[] = [];
  const rankings = new Map<string, KpiItem[]>();
  for (const item of items) {
    if (!Object.hasOwn(RANKS, item.metric_type)) continue;
    const name = `${item.metric_type}${item.dimensions.genre === undefined ? '' : ` of ${item.dimensions.genre}`}`;
    rankings.set(name, [...(rankings.get(name) ?? []), item]);
  }
  for (const [name, ranking] of rankings) {
    const sorted = [...ranking].sort((a, b) => (a.dimensions.rank ?? 0) - (b.dimensions.rank ?? 0));
    if (sorted.some((item, index) => item.dimensions.rank !== index + 1))
      broken.push(`${day}: ranks of ${name} are not 1, 2, 3…`);
    if (sorted.some((item, index) => index > 0 && item.value > (sorted[index - 1]?.value ?? 0))) {
      broken.push(`${day}: ${name} is not in descending order`);
    }
    const metric = ranking[0]?.metric_type as keyof typeof RANKS | undefined;
    if (metric !== undefined && ranking.length > RANKS[metric])
      broken.push(`${day}: ${name} has ${ranking.length} ranks`);
  }
  return broken;
}
