/**
 * Random sequences of messages, crashes and faults: `npm run test:long -- model`.
 *
 *     --sequences N   1,000 when absent
 *     --seed S        of the first sequence; those after it count on from there. A random one when absent
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { play } from '../model/play.ts';

/** Played on the same servers; their histories are in memory until they have been replayed. */
const BATCH = 100;

/** fast-check takes seeds of 32 bits; all that count on from the first have to fit. */
const MOST_SEEDS = 2 ** 30;

interface Choice {
  readonly sequences: number;
  readonly seed: number;
}

function choiceOf(args: readonly string[]): Choice {
  const { values } = parseArgs({
    args: [...args],
    options: { sequences: { type: 'string', default: '1000' }, seed: { type: 'string' } },
  });
  const sequences = Number(values.sequences);
  const seed = values.seed === undefined ? randomInt(MOST_SEEDS) : Number(values.seed);
  if (!(Number.isInteger(sequences) && sequences > 0))
    throw new Error('--sequences is a whole number above 0');
  if (!Number.isInteger(seed)) throw new Error('--seed is a whole number');
  return { sequences, seed };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** @returns whether every promise was kept */
export async function main(args: readonly string[]): Promise<boolean> {
  const { sequences, seed } = choiceOf(args);
  const totals = { tried: 0, broken: 0, messages: 0, glueRuns: 0, events: 0 };
  const began = Date.now();
  say(`${sequences} sequences from seed ${seed} on`);
  while (totals.tried < sequences) {
    const count = Math.min(BATCH, sequences - totals.tried);
    const first = seed + totals.tried;
    for (const played of await play(Array.from({ length: count }, (_, at) => first + at))) {
      totals.tried += 1;
      totals.broken += played.broken.length;
      totals.messages += played.messages;
      totals.glueRuns += played.glueRuns;
      totals.events += played.events;
      for (const promise of played.broken) say(`  seed ${played.seed}: ${promise}`);
    }
    const minutes = ((Date.now() - began) / 60_000).toFixed(1);
    say(`  ${String(totals.tried).padStart(5)} tried after ${minutes} minutes`);
  }
  const { messages, glueRuns, events } = totals;
  say(`\n${messages} messages, ${glueRuns} Glue runs, ${events} events of history`);
  say(`sequences tried ${totals.tried}, broken promises ${totals.broken}`);
  return totals.broken === 0;
}
