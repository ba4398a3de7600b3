/** A small catalogue with awkward names, and plays drawn from it: quick to run, and nothing about it is round. */
import fc from 'fast-check';

const SONGS = [
  ['0000000000000000000001', 'Ada;Bea', 'Plain', '1001', 'rock'],
  ['0000000000000000000002', 'Ada', '"Quoted", with comma', '2002', 'rock'],
  ['0000000000000000000003', 'Çelik;Ñandú', 'Naïve – ünïcode', '3003', 'jazz'],
  ['0000000000000000000004', 'Bea; Ada ;Bea', 'Two\nlines', '4004', 'jazz'],
  ['0000000000000000000005', '', '', '1', 'silence'],
  ['000000000000000000000A', 'Zoë', 'Upper', '5005', 'rock'],
  ['000000000000000000000a', 'Zoë', 'lower', '6006', 'rock'],
  ['000000000000000000000b', 'X', 'b', '7007', "r'n'b, soul"],
] as const;

const COUNTRIES = ['Norway', "Côte d'Ivoire", 'Korea, South'];
const USERS = 40;

const field = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export function songsCsv(): string {
  const header = 'id,track_id,artists,track_name,duration_ms,track_genre';
  const rows = SONGS.map(([track, artists, name, duration, genre], at) =>
    [String(at), track, field(artists), field(name), duration, field(genre)].join(','),
  );
  return `${[header, ...rows].join('\n')}\n`;
}

export function usersCsv(): string {
  const rows = Array.from({ length: USERS }, (_, at) => {
    const country = field(COUNTRIES[at % COUNTRIES.length] ?? '');
    return `${at + 1},Name ${at},30,${country},2024-01-01`;
  });
  return `${['user_id,user_name,user_age,user_country,created_at', ...rows].join('\n')}\n`;
}

export const HEADER = 'user_id,track_id,listen_time';

/** @param seed the same seed gives the same plays */
export function plays(seed: number, count: number, days: readonly string[]): string[] {
  const play = fc
    .tuple(
      fc.integer({ min: 1, max: USERS }),
      fc.constantFrom(...SONGS.map(([track]) => track)),
      fc.constantFrom(...days),
      fc.integer({ min: 0, max: 86_399 }),
    )
    .map(([user, track, day, second]) => {
      const time = new Date(second * 1000).toISOString().slice(11, 19);
      return `${user},${track},${day} ${time}`;
    });
  return fc.sample(play, { numRuns: count, seed });
}

export const csv = (lines: readonly string[], header = HEADER): string =>
  `${[header, ...lines].join('\n')}\n`;
