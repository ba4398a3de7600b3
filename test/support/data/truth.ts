/**
 * The KPIs of days as a second engine computes them straight from the delivered CSV files: DuckDB, in SQL of its own.
 * Shares nothing with the scripts, so that a mistake in one does not hide in the other.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { z } from 'zod';
import { songsCsv, usersCsv } from './small-world.ts';

export interface TruthFiles {
  /** The stream files that count. */
  readonly streams: readonly string[];
  readonly songs: string;
  readonly users: string;
}

/** What an item says: its value, and for rankings what holds the rank. */
export interface TrueItem {
  readonly value: number;
  readonly named: string;
}

const rowSchema = z.object({ id: z.string(), value: z.coerce.number(), named: z.string() });

const quoted = (path: string): string => `'${path.replaceAll("'", "''")}'`;
const csv = (paths: readonly string[], options: string): string =>
  `read_csv([${paths.map(quoted).join(', ')}], header=true, all_varchar=true, union_by_name=true${options})`;

const PREPARE = ({ streams, songs, users }: TruthFiles): string[] => [
  `create table song as select track_id, track_genre as genre, duration_ms::bigint as ms, coalesce(artists, '') as artists
     from ${csv([songs], `, quote='"', escape='"'`)}`,
  `create table listener as select user_id::bigint as user_id, user_country as country from ${csv([users], '')}`,
  `create table play as
     select distinct s.user_id, s.track_id, s.played, strftime(s.played, '%Y-%m-%d') as day, hour(s.played) as hour, genre, ms, artists, country
     from (select try_cast(trim(user_id) as bigint) as user_id, trim(track_id) as track_id, try_cast(trim(listen_time) as timestamp) as played
           from ${csv(streams, ', null_padding=true, ignore_errors=true')}
           where regexp_full_match(trim(user_id), '[0-9]+') and length(trim(listen_time)) >= 16) s
     join song using (track_id) join listener using (user_id)
     where s.played is not null and s.played < now()`,
];

const of = (metric: string, dims: string, value: string, from: string, named = "''"): string =>
  `select '${metric}#' || day || '#' || ${dims} as id, (${value})::double as value, ${named} as named from ${from}`;

const ITEMS = [
  of('genre_listen_count', "'genre=' || genre", 'count(*)', 'play group by day, genre'),
  of('genre_unique_listeners', "'genre=' || genre", 'count(distinct user_id)', 'play group by day, genre'),
  of('genre_total_listening_ms', "'genre=' || genre", 'sum(ms)', 'play group by day, genre'),
  of(
    'genre_avg_listening_ms_per_user',
    "'genre=' || genre",
    'sum(ms) / count(distinct user_id)',
    'play group by day, genre',
  ),
  of(
    'top_song',
    "'genre=' || genre || ',rank=' || rank",
    'plays',
    `(select day, genre, track_id, count(*) as plays,
     row_number() over (partition by day, genre order by count(*) desc, track_id) as rank from play group by day, genre, track_id) where rank <= 3`,
    'track_id',
  ),
  of(
    'top_genre',
    "'rank=' || rank",
    'plays',
    `(select day, genre, count(*) as plays,
     row_number() over (partition by day order by count(*) desc, genre) as rank from play group by day, genre) where rank <= 5`,
    'genre',
  ),
  of(
    'top_artist',
    "'rank=' || rank",
    'plays',
    `(select day, artist, count(*) as plays,
     row_number() over (partition by day order by count(*) desc, artist) as rank
     from (select distinct user_id, track_id, played, day, trim(unnest(string_split(artists, ';'))) as artist from play)
     where artist <> '' group by day, artist) where rank <= 10`,
    'artist',
  ),
  of('daily_listen_count', "'all'", 'count(*)', 'play group by day'),
  of('daily_active_users', "'all'", 'count(distinct user_id)', 'play group by day'),
  of('daily_total_listening_ms', "'all'", 'sum(ms)', 'play group by day'),
  of('hourly_listen_count', "'hour=' || hour", 'count(*)', 'play group by day, hour'),
  of('hourly_active_users', "'hour=' || hour", 'count(distinct user_id)', 'play group by day, hour'),
  of('country_listen_count', "'country=' || country", 'count(*)', 'play group by day, country'),
  of(
    'country_active_users',
    "'country=' || country",
    'count(distinct user_id)',
    'play group by day, country',
  ),
];

/** Every item of every day in the files, by id. */
export async function trueItems(files: TruthFiles): Promise<Map<string, TrueItem>> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  try {
    for (const statement of PREPARE(files)) await connection.run(statement);
    const items = new Map<string, TrueItem>();
    for (const query of ITEMS) {
      const result = await connection.runAndReadAll(query);
      for (const row of result.getRowObjectsJson()) {
        const { id, value, named } = rowSchema.parse(row);
        items.set(id, { value, named });
      }
    }
    return items;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/**
 * Every item of every day in files over the small world's songs and users, by id.
 * @param contents of the stream files that count
 */
export async function trueItemsOf(contents: Iterable<string>): Promise<Map<string, TrueItem>> {
  const folder = await mkdtemp(join(tmpdir(), 'msp-truth-'));
  const written = async (name: string, content: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  try {
    const streams = [...contents].map((content, at) => written(`streams-${at}`, content));
    return await trueItems({
      streams: await Promise.all(streams),
      songs: await written('songs', songsCsv()),
      users: await written('users', usersCsv()),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
