/**
 * The whole crash matrix: `npm run test:long -- crash`. Every subject, killed at every point, one point at a time
 * unless more are asked for.
 *
 *     --only SUBJECT[/VICTIM[/POINT]]   parts of their names; `run/temporal/publish` kills Temporal in the publishing stages
 *     --list                            name the cases, without trying them
 *     --part K/N                        every Nth case from the Kth on, to spread the matrix over machines or nights
 *     --together N                      kill at N points in one go, far from each other: more cases in the same time
 *     --minutes M                       begin no case after so many
 */
import { parseArgs } from 'node:util';
import { Matrix } from '../crash/matrix.ts';
import { nameOf } from '../crash/points.ts';
import type { CrashPoint } from '../crash/points.ts';
import { SUBJECTS } from '../crash/subjects.ts';
import { CrashWorld } from '../crash/world.ts';

interface Choice {
  readonly subject: string;
  readonly victim: string;
  readonly point: string;
  readonly part: number;
  readonly parts: number;
  readonly together: number;
  readonly until: number;
  readonly list: boolean;
}

const totals = { tried: 0, broken: 0, unreached: 0, left: 0 };

function choiceOf(args: readonly string[]): Choice {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      part: { type: 'string', default: '1/1' },
      together: { type: 'string', default: '1' },
      minutes: { type: 'string', default: 'Infinity' },
    },
  });
  const [subject = '', victim = '', ...point] = values.only.split('/');
  const [part = 1, parts = 1] = values.part.split('/').map(Number);
  const together = Number(values.together);
  const until = Date.now() + Number(values.minutes) * 60_000;
  if (Number.isNaN(until) || !(part >= 1 && part <= parts) || !(together >= 1))
    throw new Error('--part is K/N, --minutes and --together are numbers');
  return { subject, victim, point: point.join('/'), part, parts, together, until, list: values.list };
}

/** A world for the next case: a new one where a broken promise may have left anything behind. */
class Session {
  #world: CrashWorld | undefined;

  async world(): Promise<CrashWorld> {
    this.#world ??= await CrashWorld.start();
    return this.#world;
  }

  async end(): Promise<void> {
    await this.#world?.stop();
    this.#world = undefined;
  }
}

async function trySubject(session: Session, name: string, choice: Choice): Promise<void> {
  const kind = SUBJECTS[name];
  if (kind === undefined) return;
  say(`\n${name}: ${kind.about}`);
  let matrix = Matrix.of(await session.world(), kind);
  const all = await matrix.record();
  const chosen = all
    .filter((point) => isChosen(point, choice))
    .filter((_, at) => at % choice.parts === choice.part - 1);
  say(`  ${chosen.length} of ${all.length} cases`);
  if (choice.list) for (const point of chosen) say(`  ${nameOf(point)}`);
  for (const go of choice.list ? [] : goesOf(chosen, choice.together)) {
    const points = go.map(nameOf);
    if (Date.now() > choice.until) {
      totals.left += points.length;
      continue;
    }
    const { verdict, wrong, standing, unreached, seconds } = await matrix.try(...points);
    totals.unreached += unreached.length;
    totals.tried += points.length - unreached.length;
    say(`  ${verdict.padEnd(9)} ${seconds.toFixed(0).padStart(4)} s  ${points.join(' + ')}`);
    for (const point of unreached) say(`      ${point} not reached`);
    if (verdict !== 'broken') continue;
    totals.broken += wrong.length;
    for (const each of [...wrong, ...standing]) say(`      ${each}`);
    await session.end();
    matrix = Matrix.of(await session.world(), kind);
  }
  await matrix
    .finish()
    .catch((error: unknown) => [error instanceof Error ? error.message : String(error)])
    .then(async (wrong) => {
      if (wrong.length === 0) return;
      totals.broken += wrong.length;
      for (const each of wrong) say(`  broken at the end: ${each}`);
      await session.end();
    });
}

/**
 * Points that are tried in one go: far from each other, so that what is killed has time to come back, and at sites of
 * their own, since a kill in the middle of an activity changes what its second try has to do.
 */
function goesOf(points: readonly CrashPoint[], together: number): CrashPoint[][] {
  const goes: CrashPoint[][] = Array.from({ length: Math.ceil(points.length / together) }, () => []);
  for (const [at, point] of points.entries()) {
    const inTurn = goes.map((_, after) => goes[(at + after) % goes.length] ?? []);
    const roomy = inTurn.filter((go) => go.length < together);
    const go = roomy.find((others) => others.every(({ site }) => site !== point.site)) ?? roomy[0];
    go?.push(point);
  }
  return goes;
}

/** A name given in full means that subject alone. */
function isNamed(name: string, { subject }: Choice): boolean {
  return subject in SUBJECTS ? name === subject : name.includes(subject);
}

function isChosen(point: CrashPoint, choice: Choice): boolean {
  return point.victim.startsWith(choice.victim) && `${point.site}:${point.moment}`.includes(choice.point);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** @returns whether every promise was kept */
export async function main(args: readonly string[]): Promise<boolean> {
  const choice = choiceOf(args);
  const session = new Session();
  const began = Date.now();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void session.end().then(() => process.exit(130)));
  }
  try {
    for (const name of Object.keys(SUBJECTS)) {
      if (isNamed(name, choice)) await trySubject(session, name, choice);
    }
  } finally {
    await session.end();
  }
  const { tried, broken, unreached, left } = totals;
  const others = [
    ...(unreached === 0 ? [] : [`${unreached} not reached`]),
    ...(left === 0 ? [] : [`${left} left out for time`]),
  ];
  const minutes = ((Date.now() - began) / 60_000).toFixed(1);
  say(`\ncases tried ${tried}, broken promises ${broken}${others.map((each) => `, ${each}`).join('')}`);
  say(`in ${minutes} minutes`);
  return broken === 0;
}
