/**
 * Random deliveries of the same few contents under the same few names, by runs of which some die at any of their writes:
 * in the end the published plays are those that the names stand for.
 */
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { layout } from '../../../pipeline/layout.ts';
import { Standing } from './standing.ts';
import { DeliveryWorld, HEADER } from './world.ts';
import type { Death } from './world.ts';

/** Sequences tried, always the same ones: half a minute on two busy cores. */
const TRIED = { numRuns: 200, seed: 1 };
jest.setTimeout(120_000);

const content = (...plays: string[]): string => [HEADER, ...plays].join('\n');

const CONTENTS = {
  A: content('2024-06-01 a', '2024-06-02 a', '2024-06-02 shared'),
  B: content('2024-06-02 b', '2024-06-02 shared', '2024-06-03 b'),
  C: content('2024-06-01 c'),
  D: content('2024-06-03 d', '2024-06-01 a'),
  broken: '',
} as const;
type Name = keyof typeof CONTENTS;

type Step =
  | { readonly kind: 'deliver'; readonly key: string; readonly content: Name }
  | { readonly kind: 'run'; readonly death?: Death; readonly archives?: false }
  | { readonly kind: 'resume'; readonly again?: boolean };

const deliveryArbitrary: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('deliver'),
  key: fc.constantFrom('x', 'y', 'z'),
  content: fc.constantFrom(...(Object.keys(CONTENTS) as Name[])),
});
const deathArbitrary: fc.Arbitrary<Death> = fc.record({
  in: fc.constantFrom('prepare', 'publish', 'archive'),
  after: fc.nat(14),
});
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: deliveryArbitrary },
  { weight: 3, arbitrary: fc.constant({ kind: 'run' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'run', archives: false } as const) },
  { weight: 2, arbitrary: deathArbitrary.map((death) => ({ kind: 'run', death }) as const) },
  { weight: 1, arbitrary: fc.boolean().map((again) => ({ kind: 'resume', again }) as const) },
);

/** Does the steps, then runs until nothing waits. */
async function play(steps: readonly Step[]): Promise<{ world: DeliveryWorld; standing: Standing }> {
  const world = new DeliveryWorld();
  const standing = new Standing();
  /** In the order of arrival. */
  let waiting = new Map<string, string>();
  /** What the run that was killed last had found. */
  let left = new Map<string, string>();
  const run = async (death?: Death, archives?: false): Promise<void> => {
    if (death !== undefined) left = waiting;
    const halfPublished = await world.run(death, archives);
    takeDone();
    if (halfPublished === undefined) return;
    // The operator does what the failure's advice says.
    deliver(halfPublished, standing.of(halfPublished));
    await run();
  };
  const deliver = (key: string, delivered: string): void => {
    world.deliver(key, delivered);
    waiting.delete(key);
    waiting.set(key, delivered);
  };
  const took = (key: string, delivered: string): void => {
    standing.done(key, delivered, world.isDone(delivered));
  };
  const takeDone = (): void => {
    const stay = new Set(world.waiting());
    for (const [key, delivered] of waiting) {
      if (!stay.has(key) || world.standsFor(key, delivered)) took(key, delivered);
    }
    waiting = new Map([...waiting].filter(([key]) => stay.has(key)));
  };
  const resume = async (again?: boolean): Promise<void> => {
    await world.resume(again);
    for (const [key, delivered] of left) {
      if (world.standsFor(key, delivered)) took(key, delivered);
      else if (world.isDone(delivered)) standing.knows(delivered);
    }
    takeDone();
  };
  for (const step of steps) {
    if (step.kind === 'run') await run(step.death, step.archives);
    else if (step.kind === 'resume') await resume(step.again);
    else deliver(step.key, CONTENTS[step.content]);
  }
  await run();
  return { world, standing };
}

async function published(...steps: Step[]): Promise<{ published: object; wanted: object }> {
  const { world, standing } = await play(steps);
  return { published: world.published(), wanted: standing.plays() };
}

const deliver = (key: string, name: Name): Step => ({ kind: 'deliver', key, content: name });
const run: Step = { kind: 'run' };
const resume = (again: boolean): Step => ({ kind: 'resume', again });
const dies = (stage: Death['in'], after: number): Step => ({ kind: 'run', death: { in: stage, after } });

describe('what names stand for', () => {
  it.each<[string, Step[], Name[]]>([
    [
      'a broken file that comes twice',
      [deliver('x', 'A'), run, deliver('x', 'broken'), run, deliver('x', 'broken'), run],
      ['A'],
    ],
    [
      'a broken file that another name has brought',
      [deliver('x', 'A'), deliver('y', 'broken'), run, deliver('x', 'broken')],
      ['A'],
    ],
    [
      'a copy whose name brings something else',
      [deliver('x', 'A'), deliver('y', 'A'), run, deliver('y', 'C')],
      ['A', 'C'],
    ],
    [
      'names exchanged at once',
      [deliver('x', 'A'), deliver('y', 'B'), run, deliver('x', 'B'), deliver('y', 'A')],
      ['A', 'B'],
    ],
    [
      'names exchanged one by one',
      [deliver('x', 'A'), deliver('y', 'B'), run, deliver('x', 'B'), run, deliver('y', 'A')],
      ['A', 'B'],
    ],
    [
      'a correction by known content, corrected',
      [deliver('x', 'A'), deliver('y', 'B'), run, deliver('x', 'B'), run, deliver('x', 'C')],
      ['B', 'C'],
    ],
    [
      'a corrected original with a copy',
      [deliver('x', 'A'), run, deliver('y', 'A'), run, deliver('x', 'C')],
      ['C'],
    ],
    [
      'a correction that is taken back',
      [deliver('x', 'A'), run, deliver('x', 'B'), run, deliver('x', 'A')],
      ['A'],
    ],
    [
      'a correction that died, taken back, and followed by a broken file',
      [
        deliver('x', 'A'),
        run,
        deliver('x', 'D'),
        dies('publish', 1),
        deliver('x', 'A'),
        run,
        deliver('x', 'broken'),
      ],
      ['A'],
    ],
  ])('%s', async (_what, steps, names) => {
    const { world } = await play(steps);
    const plays = new Set(names.flatMap((name) => CONTENTS[name].split('\n').slice(1)));
    expect(Object.values(world.published()).flat().sort()).toEqual([...plays].sort());
  });

  it('is published after any deliveries, by runs of which some die', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepArbitrary, { minLength: 2, maxLength: 14 }), async (steps) => {
        const { published: found, wanted } = await published(...steps);
        expect(found).toEqual(wanted);
      }),
      TRIED,
    );
  });

  it('is published when a run dies at each of its writes', async () => {
    for (const stage of ['prepare', 'publish', 'archive'] as const) {
      for (let after = 0; after < 20; after += 1) {
        const before = [deliver('x', 'A'), deliver('y', 'B'), run];
        const { published: found, wanted } = await published(
          ...before,
          deliver('x', 'D'),
          dies(stage, after),
          deliver('x', 'C'),
        );
        expect({ stage, after, found }).toEqual({ stage, after, found: wanted });
      }
    }
  });

  it('is what was delivered last when a run goes on whose name was brought anew meanwhile', async () => {
    for (const [stage, brought] of [
      ['prepare', 'B'],
      ['publish', 'B'],
      ['publish', 'D'],
      ['archive', 'B'],
      ['archive', 'D'],
    ] as const) {
      for (let after = 0; after < 12; after += 1) {
        const { published: found, wanted } = await published(
          deliver('x', 'A'),
          deliver('y', 'B'),
          run,
          deliver('x', brought),
          dies(stage, after),
          deliver('x', 'C'),
          run,
          resume(after % 2 === 0),
        );
        expect({ stage, brought, after, found }).toEqual({ stage, brought, after, found: wanted });
      }
    }
  });

  it('is not made again from files whose archiving was skipped: the next run archives them', async () => {
    const { world } = await play([deliver('x', 'A'), { kind: 'run', archives: false }]);
    expect(world.validated).toBe(0);
    expect(world.waiting()).toEqual([]);
    const [record] = world.bucket.keys('processed/files/').map((key) => world.bucket.text(key));
    expect(JSON.parse(record ?? '')).toMatchObject({
      state: 'done',
      archivedAs: expect.stringMatching(/^archived/),
    });
  });

  it('does not begin a day anew whose manifest of plays is lost', async () => {
    const { world } = await play([deliver('x', 'A')]);
    world.bucket.put(layout.manifest('kpis', '2024-06-01'), '{}');
    world.bucket.remove(layout.manifest('plays', '2024-06-01'));
    world.deliver('y', CONTENTS.C);
    await expect(world.run()).rejects.toMatchObject({ type: 'ManifestLost' });
    expect(world.bucket.text(layout.manifest('plays', '2024-06-01'))).toBeUndefined();
  });
});
