/** A day's KPIs as the demo shows them: a selection that a person reads in a minute. */
import type { Output } from '../output.ts';
import { count } from '../../pipeline/format.ts';
import type { PublishedKpi } from '../../client/pipeline-client.ts';
import type { MetricType } from '../../pipeline/kpi-items.ts';

/** Lines of lists without an end of their own, such as countries. */
const SHOWN = 5;

/** Width of the longest bar, in characters. */
const BAR = 40;

const MILLISECONDS_PER_HOUR = 3_600_000;

export function showKpis(out: Output, items: readonly PublishedKpi[]): void {
  const of = (metric: MetricType): PublishedKpi[] => items.filter((item) => item.metric_type === metric);
  const single = (metric: MetricType): number => of(metric)[0]?.value ?? 0;
  out.fields([
    ['plays', count(single('daily_listen_count'))],
    ['users', count(single('daily_active_users'))],
    ['hours listened', count(Math.round(single('daily_total_listening_ms') / MILLISECONDS_PER_HOUR))],
  ]);
  showGenres(out, of('top_genre'), items);
  showSongs(out, of('top_genre')[0], of('top_song'));
  showList(out, 'Artists', of('top_artist').slice(0, SHOWN), ({ metadata }) => textOf(metadata, 'artist'));
  showHours(out, of('hourly_listen_count'));
  const countries = [...of('country_listen_count')].sort((a, b) => b.value - a.value);
  showList(out, 'Countries', countries.slice(0, SHOWN), ({ dimensions }) => dimensions.country ?? '');
}

function showGenres(out: Output, top: readonly PublishedKpi[], items: readonly PublishedKpi[]): void {
  const figure = (metric: MetricType, genre: string): number =>
    items.find((item) => item.metric_type === metric && item.dimensions.genre === genre)?.value ?? 0;
  out.heading('Genres');
  out.table(top, [
    { title: 'genre', value: ({ metadata }) => textOf(metadata, 'genre') },
    { title: 'plays', value: ({ value }) => count(value), right: true },
    {
      title: 'listeners',
      value: ({ metadata }) => count(figure('genre_unique_listeners', textOf(metadata, 'genre'))),
      right: true,
    },
    {
      title: 'minutes for each',
      value: ({ metadata }) => {
        const average = figure('genre_avg_listening_ms_per_user', textOf(metadata, 'genre'));
        return (average / 60_000).toFixed(1);
      },
      right: true,
    },
  ]);
}

function showSongs(out: Output, genre: PublishedKpi | undefined, songs: readonly PublishedKpi[]): void {
  const name = genre === undefined ? '' : textOf(genre.metadata, 'genre');
  const top = songs.filter(({ dimensions }) => dimensions.genre === name);
  showList(out, `Songs of ${name}`, top, ({ metadata }) => {
    const artists = textOf(metadata, 'artists').replaceAll(';', ', ');
    return `${textOf(metadata, 'track_name')}, by ${artists}`;
  });
}

function showList(
  out: Output,
  heading: string,
  items: readonly PublishedKpi[],
  nameOf: (item: PublishedKpi) => string,
): void {
  out.heading(heading);
  for (const item of items) out.line(`${count(item.value).padStart(7)}  ${nameOf(item)}`);
}

function showHours(out: Output, hours: readonly PublishedKpi[]): void {
  const busiest = Math.max(1, ...hours.map(({ value }) => value));
  out.heading('Plays by hour (UTC)');
  for (const { dimensions, value } of hours) {
    const bar = '█'.repeat(Math.round((BAR * value) / busiest));
    out.line(`  ${String(dimensions.hour ?? 0).padStart(2, '0')}:00  ${bar} ${count(value)}`);
  }
}

function textOf(metadata: Readonly<Record<string, unknown>>, name: string): string {
  const value = metadata[name];
  return typeof value === 'string' ? value : '';
}
