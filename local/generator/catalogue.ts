/**
 * Songs and users: reference data of any size. Each row is made from its number alone, so a play can name a track or
 * a user without the catalogue being held in memory.
 */
import { csvLine } from '../../pipeline/csv.ts';
import type { ParsedOptions } from './options.ts';
import { hash, permutation, permute, pick, PURPOSE, unit } from './random.ts';
import {
  ARTIST_FIRST,
  ARTIST_LAST,
  COUNTRIES,
  FIRST_NAMES,
  GENRES,
  LAST_NAMES,
  TITLE_FIRST,
  TITLE_LAST,
  TITLE_SUFFIX,
} from './words.ts';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The first five characters carry the track's number, permuted, so that no two tracks share an id. */
const NUMBER_CHARACTERS = 5;
const NUMBERS = 62 ** NUMBER_CHARACTERS;
const ID_LENGTH = 22;

export type TrackId = (track: number) => string;

/** Ids of tracks: 22 characters, base62, one for each number below 62^5. */
export function trackIds(seed: number): TrackId {
  const numbers = permutation(NUMBERS, hash(seed, PURPOSE.trackNumber, 0));
  return (track) => {
    let id = base62(permute(numbers, track), NUMBER_CHARACTERS);
    for (let word = 0; id.length < ID_LENGTH; word += 1) {
      id += base62(hash(seed, PURPOSE.trackId, track * 4 + word), NUMBER_CHARACTERS);
    }
    return id.slice(0, ID_LENGTH);
  };
}

function base62(value: number, length: number): string {
  let text = '';
  for (let rest = value, i = 0; i < length; i += 1, rest = Math.floor(rest / 62))
    text += BASE62.charAt(rest % 62);
  return text;
}

// prettier-ignore
const SONG_COLUMNS = [
  'id', 'track_id', 'artists', 'album_name', 'track_name', 'popularity', 'duration_ms', 'explicit',
  'danceability', 'energy', 'key', 'loudness', 'mode', 'speechiness', 'acousticness', 'instrumentalness',
  'liveness', 'valence', 'tempo', 'time_signature', 'track_genre',
] as const;

/** Lines of the songs file with its header, without line ends. */
export function* songLines(options: ParsedOptions): Generator<string> {
  const { seed, songs, genres, duplicateReferenceRows } = options;
  const trackId = trackIds(seed);
  yield SONG_COLUMNS.join(',');
  let row = 0;
  for (let song = 0; song < songs; song += 1) {
    const line = songLine(seed, song, { songs, genres, id: trackId(song) });
    yield `${row++},${line}`;
    if (isDue(song, duplicateReferenceRows)) yield `${row++},${line}`;
  }
}

/** Share of songs with two or three artists, as in the real catalogue. */
const SHARED_SONGS = 0.25;

function songLine(seed: number, song: number, of: { songs: number; genres: number; id: string }): string {
  const number = (offset: number): number => hash(seed, PURPOSE.song, song * 16 + offset);
  const fraction = (offset: number): string => unit(seed, PURPOSE.song, song * 16 + offset).toFixed(3);
  const credited = unit(seed, PURPOSE.song, song * 16) < SHARED_SONGS ? 2 + (number(1) % 2) : 1;
  // A third as many artists as songs, so that artists have several songs.
  const artistCount = Math.max(1, Math.floor(of.songs / 3));
  const artists = Array.from({ length: credited }, (_, i) => artistName(number(2 + i) % artistCount));
  const title = `${pick(TITLE_FIRST, number(5))} ${pick(TITLE_LAST, number(6))}`;
  const name = number(7) % 5 === 0 ? `${title}${pick(TITLE_SUFFIX, number(8))}` : title;
  // Genres of unequal size; the first songs cover each genre once.
  const genre =
    song < of.genres ? song : Math.floor(of.genres * unit(seed, PURPOSE.song, song * 16 + 9) ** 1.4);
  return csvLine([
    of.id,
    [...new Set(artists)].join(';'),
    `${title} EP`,
    name,
    `${number(10) % 101}`,
    // One to six minutes.
    `${60_000 + (number(11) % 300_000)}`,
    number(12) % 12 === 0 ? 'True' : 'False',
    ...[fraction(13), fraction(14), `${number(15) % 12}`, `-${fraction(13)}`, `${number(14) % 2}`],
    ...[fraction(12), fraction(11), '1.01e-06', fraction(10), fraction(8)],
    ...[(60 + (number(13) % 140)).toFixed(3), '4'],
    GENRES[genre] ?? GENRES[0],
  ]);
}

/** One name for each number: the pairs of words first, then the pairs with a numeral. */
function artistName(artist: number): string {
  const pairs = ARTIST_FIRST.length * ARTIST_LAST.length;
  const first = pick(ARTIST_FIRST, artist);
  const last = pick(ARTIST_LAST, Math.floor(artist / ARTIST_FIRST.length));
  const generation = Math.floor(artist / pairs);
  return `${first} ${last}${generation === 0 ? '' : ` ${generation + 1}`}`;
}

/** Share of users in the first country. */
const FIRST_COUNTRY_SHARE = 0.6;

/** Lines of the users file with its header, without line ends. Ids are 1 to `users`. */
export function* userLines({ seed, users, duplicateReferenceRows }: ParsedOptions): Generator<string> {
  yield 'user_id,user_name,user_age,user_country,created_at';
  for (let user = 1; user <= users; user += 1) {
    const number = (offset: number): number => hash(seed, PURPOSE.user, user * 8 + offset);
    const elsewhere = unit(seed, PURPOSE.user, user * 8) >= FIRST_COUNTRY_SHARE;
    // Sign-ups over all of 2024: about half come after a play of June, which is normal in such data.
    const createdAt = new Date(Date.UTC(2024, 0, 1 + (number(4) % 366))).toISOString().slice(0, 10);
    const line = csvLine([
      `${user}`,
      `${pick(FIRST_NAMES, number(1))} ${pick(LAST_NAMES, number(2))}`,
      `${16 + (number(3) % 60)}`,
      elsewhere ? pick(COUNTRIES, number(5)) : COUNTRIES[0],
      createdAt,
    ]);
    yield line;
    if (isDue(user - 1, duplicateReferenceRows)) yield line;
  }
}

/** Whether something that occurs at a share is due after position `n`: exactly `floor(total * share)` times in all. */
export function isDue(n: number, share: number): boolean {
  return Math.floor((n + 1) * share) > Math.floor(n * share);
}
