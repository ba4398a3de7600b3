/** The real data set, where it is present: `MSP_REAL_DATA`, or `../shared/data` beside the checkout. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface RealData {
  readonly songs: string;
  readonly users: string;
  readonly streams: readonly [string, string, string];
}

const NAMES = ['songs.csv', 'users.csv', 'streams1.csv', 'streams2.csv', 'streams3.csv'];

export function realData(): RealData | undefined {
  const folder = resolve(process.env['MSP_REAL_DATA'] ?? '../shared/data');
  if (!NAMES.every((name) => existsSync(join(folder, name)))) return undefined;
  const at = (name: string): string => join(folder, name);
  return {
    songs: at('songs.csv'),
    users: at('users.csv'),
    streams: [at('streams1.csv'), at('streams2.csv'), at('streams3.csv')],
  };
}

export const WITHOUT_REAL_DATA = 'the real data set is not here (set MSP_REAL_DATA to its folder)';
