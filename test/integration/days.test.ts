/** Days that come in pieces: several in one run, late, across midnight, from runs at once, withdrawn. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { differences, PipelineStack } from '../support/pipeline-stack.ts';
import { csv, plays, songsCsv, usersCsv } from '../support/small-world.ts';
import { trueItems } from '../support/truth.ts';

const [MONDAY, TUESDAY, WEDNESDAY] = ['2024-07-01', '2024-07-02', '2024-07-03'] as const;

describe('days that come in pieces', () => {
  let stack: PipelineStack;
  let folder: string;
  /** What counts now: the content of each delivered key. */
  const counting = new Map<string, string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'msp-days-'));
    stack = await PipelineStack.start();
    await stack.deliver('songs.csv', songsCsv(), 'songs');
    await stack.deliver('users.csv', usersCsv(), 'users');
  }, 120_000);
  afterAll(async () => {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);

  async function deliver(name: string, content: string): Promise<void> {
    counting.set(name, content);
    await stack.deliver(name, content);
  }

  async function wrong(): Promise<string[]> {
    const at = (name: string): string => join(folder, name);
    await writeFile(at('songs'), songsCsv());
    await writeFile(at('users'), usersCsv());
    await Promise.all([...counting].map(([name, content]) => writeFile(at(name), content)));
    const streams = [...counting.keys()].map(at);
    return differences(
      await trueItems({ streams, songs: at('songs'), users: at('users') }),
      await stack.items(),
    );
  }

  it('counts three days and a file across midnight in one run', async () => {
    await deliver('monday.csv', csv(plays(1, 300, [MONDAY])));
    await deliver('across.csv', csv(plays(2, 200, [MONDAY, TUESDAY])));
    await deliver('week.csv', csv(plays(3, 300, [MONDAY, TUESDAY, WEDNESDAY])));
    const { days } = await stack.run('three-days');
    expect(days).toEqual([MONDAY, TUESDAY, WEDNESDAY].map((day) => ({ day, edition: 1 })));
    expect(await wrong()).toEqual([]);
  }, 300_000);

  it('gives a late file to its day alone', async () => {
    await deliver('late.csv', csv(plays(4, 50, [TUESDAY])));
    expect((await stack.run('late')).days).toEqual([{ day: TUESDAY, edition: 2 }]);
    expect(await wrong()).toEqual([]);
  }, 300_000);

  it('counts every play once when three runs publish the same day at once', async () => {
    const shared = plays(5, 40, [WEDNESDAY]);
    const names = ['one.csv', 'two.csv', 'three.csv'];
    for (const [at, name] of names.entries()) {
      await deliver(name, csv([...plays(10 + at, 60, [WEDNESDAY]), ...shared]));
    }
    const runs = await Promise.all(names.map((name) => stack.start(`at-once-${name}`, { inputs: [name] })));
    const results = await Promise.all(runs.map((id) => stack.result(id)));
    expect(results.flatMap(({ days }) => days.map(({ edition }) => edition)).sort()).toEqual([2, 3, 4]);
    expect(await wrong()).toEqual([]);
  }, 600_000);

  it('forgets a genre, a rank and a whole day that a correction takes away', async () => {
    const rockOnMonday = plays(1, 300, [MONDAY]).filter((line) => line.includes('0000000000000000000001'));
    await deliver('week.csv', csv(rockOnMonday));
    await deliver('across.csv', csv([]));
    await deliver('monday.csv', csv(rockOnMonday.slice(0, 5)));
    const { days } = await stack.run('correction');
    expect(days.map(({ day }) => day)).toEqual([MONDAY, TUESDAY, WEDNESDAY]);
    expect(await wrong()).toEqual([]);
    expect(
      [...(await stack.items()).keys()].filter((id) => id.startsWith('top_song#2024-07-01')),
    ).toHaveLength(1);
  }, 300_000);
});
