/** The real day's three files in three runs, one after another and all at once: the same KPIs as in one run. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { differences } from '../support/stack/pipeline-stack.ts';
import { realData, WITHOUT_REAL_DATA } from '../support/data/real-data.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { trueItems } from '../support/data/truth.ts';

const real = realData();
const DAY = '2024-06-25';
/** What the real day is called where its files come all at once. */
const NEXT_DAY = '2024-06-26';

(real === undefined ? describe.skip : describe)(
  `the real day in three runs${real === undefined ? `: ${WITHOUT_REAL_DATA}` : ''}`,
  () => {
    const { songs, users, streams } = real ?? { songs: '', users: '', streams: ['', '', ''] as const };
    const suite = pipelineStack();
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'msp-pieces-'));
      await suite.stack.deliver('songs.csv', await readFile(songs), 'songs');
      await suite.stack.deliver('users.csv', await readFile(users), 'users');
    });
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    async function wrong(delivered: readonly string[]): Promise<string[]> {
      return differences(await trueItems({ streams: delivered, songs, users }), await suite.stack.items());
    }

    it('has the KPIs of what has arrived after each of them, one after another', async () => {
      for (const [at, path] of streams.entries()) {
        // The second comes late to a published day, and the third is as the second.
        if (at === 1) suite.stack.sparkFor('validate_data', 'compute_kpis');
        else suite.stack.sparkFor();
        await suite.stack.deliver(basename(path), await readFile(path));
        const { days } = await suite.stack.run(`file-${at + 1}`);
        expect(days).toEqual([{ day: DAY, edition: at + 1 }]);
        expect(await wrong(streams.slice(0, at + 1))).toEqual([]);
      }
    });

    it('has the KPIs of all three when the runs publish at once', async () => {
      const renamed: string[] = [];
      for (const path of streams) {
        const moved = join(folder, `next-${basename(path)}`);
        await writeFile(moved, (await readFile(path, 'utf8')).replaceAll(DAY, NEXT_DAY));
        await suite.stack.deliver(basename(moved), await readFile(moved));
        renamed.push(moved);
      }
      const ids = await Promise.all(
        renamed.map((path) =>
          suite.stack.start(`run-${basename(path)}`, { inputs: [`streams/${basename(path)}`] }),
        ),
      );
      const results = await Promise.all(ids.map((id) => suite.stack.result(id)));
      expect(results.flatMap(({ days }) => days.map(({ day }) => day))).toEqual(ids.map(() => NEXT_DAY));
      expect(results.flatMap(({ days }) => days.map(({ edition }) => edition)).sort()).toEqual([1, 2, 3]);
      expect(await wrong([...streams, ...renamed])).toEqual([]);
    });
  },
);
