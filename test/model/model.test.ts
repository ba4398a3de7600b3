/**
 * Random sequences of messages, crashes and faults, against a small model of what may be true of a run. These are always
 * the same ones; `npm run test:long -- model` tries as many others as it is given, and one alone by its seed.
 *
 * How the steps fall in time is not part of a seed, and now and then a replay by the SDK disagrees with what happened
 * (docs/decisions.md), so a sequence that breaks a promise is played once more: what the pipeline does wrong, it does again.
 */
import { expect, it, jest } from '@jest/globals';
import { play } from './play.ts';
import type { Played } from './play.ts';

const SEQUENCES = 50;

// A sequence is given up after two minutes and a half (play.ts); all have two turns, and what broke a third.
jest.setTimeout(480_000);

async function broken(seeds: readonly number[]): Promise<Pick<Played, 'seed' | 'broken'>[]> {
  const played = await play(seeds);
  return played.filter((one) => one.broken.length > 0).map((one) => ({ seed: one.seed, broken: one.broken }));
}

it('keeps every promise in sequences of messages, crashes and faults', async () => {
  const first = await broken(Array.from({ length: SEQUENCES }, (_, at) => at + 1));
  if (first.length === 0) return;
  console.warn('Played once more:', first);
  expect(await broken(first.map(({ seed }) => seed))).toEqual([]);
});
