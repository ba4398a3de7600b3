/**
 * Random sequences of messages, crashes and faults, against a small model of what may be true of a run. These are always
 * the same ones; `npm run test:long -- model` tries as many others as it is given, and one alone by its seed.
 */
import { expect, it } from '@jest/globals';
import { play } from './play.ts';

const SEQUENCES = 50;

it('keeps every promise in sequences of messages, crashes and faults', async () => {
  const played = await play(Array.from({ length: SEQUENCES }, (_, at) => at + 1));
  const broken = played.filter((one) => one.broken.length > 0);
  expect(broken.map((one) => ({ seed: one.seed, broken: one.broken }))).toEqual([]);
}, 300_000);
