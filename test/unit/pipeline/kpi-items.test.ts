import { describe, expect, it } from '@jest/globals';
import { brokenInvariants } from '../../../pipeline/kpi-items.ts';
import type { KpiItem, MetricType } from '../../../pipeline/kpi-items.ts';

const DAY = '2024-06-25';

function item(
  metric_type: MetricType,
  value: number,
  dimensions: KpiItem['dimensions'] = {},
  metadata = {},
): KpiItem {
  return {
    id: `${metric_type}#${DAY}#${JSON.stringify(dimensions)}`,
    metric_type,
    date: DAY,
    value,
    dimensions,
    metadata,
  };
}

/** Three plays of two users: two of a rock song of 100 ms at 7 h in DE, one of a jazz song of 50 ms at 8 h in FR. */
const right: readonly KpiItem[] = [
  item('genre_listen_count', 2, { genre: 'rock' }),
  item('genre_listen_count', 1, { genre: 'jazz' }),
  item('genre_unique_listeners', 1, { genre: 'rock' }),
  item('genre_unique_listeners', 1, { genre: 'jazz' }),
  item('genre_total_listening_ms', 200, { genre: 'rock' }),
  item('genre_total_listening_ms', 50, { genre: 'jazz' }),
  item('genre_avg_listening_ms_per_user', 200, { genre: 'rock' }),
  item('genre_avg_listening_ms_per_user', 50, { genre: 'jazz' }),
  item('top_song', 2, { genre: 'rock', rank: 1 }),
  item('top_song', 1, { genre: 'jazz', rank: 1 }),
  item('top_genre', 2, { rank: 1 }),
  item('top_genre', 1, { rank: 2 }),
  item('top_artist', 2, { rank: 1 }),
  item('daily_listen_count', 3),
  item('daily_active_users', 2),
  item('daily_total_listening_ms', 250),
  item('hourly_listen_count', 2, { hour: 7 }),
  item('hourly_listen_count', 1, { hour: 8 }),
  item('hourly_active_users', 1, { hour: 7 }),
  item('hourly_active_users', 1, { hour: 8 }),
  item('country_listen_count', 2, { country: 'DE' }),
  item('country_listen_count', 1, { country: 'FR' }),
  item('country_active_users', 1, { country: 'DE' }),
  item('country_active_users', 1, { country: 'FR' }),
];

/** The right items with one of them changed. */
function with_(
  metric: MetricType,
  dimension: Partial<KpiItem['dimensions']>,
  change: Partial<KpiItem>,
): KpiItem[] {
  const matches = (each: KpiItem): boolean =>
    each.metric_type === metric &&
    Object.entries(dimension).every(([k, v]) => each.dimensions[k as 'genre'] === v);
  return right.map((each) => (matches(each) ? { ...each, ...change } : each));
}

describe('the invariants of a day', () => {
  it('hold for right items', () => {
    expect(brokenInvariants(DAY, right, 3)).toEqual([]);
  });

  it('hold for a day without plays only when it has no items', () => {
    expect(brokenInvariants(DAY, [], 0)).toEqual([]);
    expect(brokenInvariants(DAY, right, 0)).toHaveLength(1);
  });

  it.each<[string, KpiItem[], RegExp]>([
    ['a lost play', [...right], /daily_listen_count is 3, the plays are 4/],
    [
      'genres that do not add up',
      with_('genre_listen_count', { genre: 'jazz' }, { value: 2 }),
      /genre_listen_count adds up to 4/,
    ],
    [
      'hours that do not add up',
      with_('hourly_listen_count', { hour: 7 }, { value: 1 }),
      /hourly_listen_count adds up to 2/,
    ],
    [
      'more listeners than listens',
      with_('genre_unique_listeners', { genre: 'jazz' }, { value: 2 }),
      /genre_unique_listeners of jazz is 2 for 1/,
    ],
    [
      'users counted in two countries',
      with_('country_active_users', { country: 'DE' }, { value: 2 }),
      /country_active_users adds up to 3/,
    ],
    [
      'a mean per play',
      with_('genre_avg_listening_ms_per_user', { genre: 'rock' }, { value: 100 }),
      /avg.*rock is 100, total \/ listeners is 200/,
    ],
    [
      'lost time',
      with_('genre_total_listening_ms', { genre: 'rock' }, { value: 199 }),
      /genre_total_listening_ms adds up to 249/,
    ],
    [
      'a gap in a ranking',
      with_('top_genre', { rank: 2 }, { dimensions: { rank: 3 } }),
      /ranks of top_genre/,
    ],
    [
      'a ranking upside down',
      with_('top_genre', { rank: 2 }, { value: 9 }),
      /top_genre is not in descending order/,
    ],
    ['another date', with_('daily_active_users', {}, { date: '2024-06-26' }), /another date/],
    ['an item twice', [...right, ...right.slice(0, 1)], /same id/],
  ])('notice %s', (what, items, message) => {
    expect(brokenInvariants(DAY, items, what === 'a lost play' ? 4 : 3).join('\n')).toMatch(message);
  });
});
