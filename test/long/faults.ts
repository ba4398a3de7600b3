/**
 * The whole fault matrix: `npm run test:long -- faults`. Each operation that a run calls has each fault alone, in a run
 * of its own.
 *
 *     --only SERVICE.Operation[/FAULT]   parts of their names; `S3/lost` loses an answer of each operation of S3
 *     --list                             name the cases, without trying them
 *     --minutes M                        begin no case after so many
 */
import { parseArgs } from 'node:util';
import { OPERATIONS } from '../faults/operations.ts';
import { FaultWorld } from '../faults/world.ts';
import { PASSING, REFUSING } from '../support/faults/answers.ts';
import type { Fault } from '../support/faults/answers.ts';
import type { Operation } from '../support/faults/operations.ts';
import { EveryFault } from '../support/faults/plans.ts';

interface Case {
  readonly operation: Operation;
  readonly fault: Fault;
}

const ALL: readonly Case[] = OPERATIONS.flatMap((operation) =>
  [...PASSING, ...REFUSING].map((fault) => ({ operation, fault })),
);

function nameOf({ operation, fault }: Case): string {
  return `${operation}/${fault}`;
}

function faultsOf({ operation, fault }: Case): EveryFault {
  const of =
    <F extends Fault>(faults: readonly F[]) =>
    (called: Operation) =>
      called === operation ? faults.filter((one) => one === fault) : [];
  return new EveryFault({ passing: of(PASSING), refusing: of(REFUSING) });
}

/** A world whose ground is laid: the jobs are there. */
async function readyWorld(): Promise<FaultWorld> {
  const world = await FaultWorld.start();
  await world.run('ground', new EveryFault({ passing: () => [], refusing: () => [] }));
  return world;
}

/** @returns broken promises; `unreached` when the run did not call the operation */
async function tryCase(world: FaultWorld, one: Case, id: string): Promise<string[] | 'unreached'> {
  const faults = faultsOf(one);
  await world.outdateJobs();
  await world.deliver();
  const { outcome, parked } = await world.run(id, faults);
  const started = await world.newGlueRuns();
  if (!faults.operations.includes(one.operation)) return 'unreached';
  const refuses = REFUSING.some((fault) => fault === one.fault);
  return [
    ...faults.missing.map((fault) => `${fault} was not dealt out`),
    ...(outcome === 'published' ? [] : [`the run ended ${outcome}`]),
    ...(parked.length === (refuses ? 1 : 0) ? [] : [`the run parked ${parked.length} times`]),
    ...(started.length === new Set(started).size ? [] : [`Glue runs: ${started.join(', ')}`]),
    ...(await world.wrongItems()),
    ...(await world.stack.keys('streams/')).map((key) => `${key} is left`),
  ];
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** @returns whether every promise was kept */
export async function main(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      minutes: { type: 'string', default: 'Infinity' },
    },
  });
  const until = Date.now() + Number(values.minutes) * 60_000;
  if (Number.isNaN(until)) throw new Error('--minutes is a number');
  const [operation = '', fault = ''] = values.only.split('/');
  const cases = ALL.filter((one) => one.operation.includes(operation) && one.fault.includes(fault));
  if (values.list) {
    for (const one of cases) say(nameOf(one));
    return true;
  }
  const totals = { tried: 0, unreached: 0, broken: 0 };
  /** Whether an operation is called does not hang on its fault, so it is seen once. */
  const unreached = new Set<Operation>();
  let world = await readyWorld();
  try {
    for (const [at, one] of cases.entries()) {
      if (Date.now() > until) break;
      if (unreached.has(one.operation)) {
        totals.unreached += 1;
        continue;
      }
      const began = Date.now();
      const wrong = await tryCase(world, one, `case-${at + 1}`).catch((error: unknown) => [
        error instanceof Error ? error.message : String(error),
      ]);
      const verdict = wrong === 'unreached' ? wrong : wrong.length === 0 ? 'kept' : 'broken';
      const seconds = ((Date.now() - began) / 1000).toFixed(0).padStart(4);
      say(`  ${verdict.padEnd(9)} ${seconds} s  ${nameOf(one)}`);
      if (wrong === 'unreached') {
        unreached.add(one.operation);
        totals.unreached += 1;
        continue;
      }
      totals.tried += 1;
      totals.broken += wrong.length;
      for (const each of wrong) say(`      ${each}`);
      if (wrong.length === 0) continue;
      await world.stop();
      world = await readyWorld();
    }
  } finally {
    await world.stop();
  }
  const left = cases.length - totals.tried - totals.unreached;
  say(
    `\ncases tried ${totals.tried}, broken promises ${totals.broken}, ` +
      `not reached ${totals.unreached}, left out for time ${left}`,
  );
  return totals.broken === 0;
}
