/** The real day's three files in three runs, one after another and all at once: the same KPIs as in one run. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { differences, PipelineStack } from '../support/stack/pipeline-stack.ts';
import { realData, WITHOUT_REAL_DATA } from '../support/data/real-data.ts';
import { wholeStackLimit } from '../support/suites/whole-stack.ts';
import { trueItems } from '../support/data/truth.ts';

const real = realData();
const DAY = '2024-06-25';

(real === undefined ? describe.skip : describe)(
  `the real day in three runs${real === undefined ? `: ${WITHOUT_REAL_DATA}` : ''}`,
  () => {
    const { songs, users, streams } = real ?? { songs: '', users: '', streams: ['', '', ''] as const };
    wholeStackLimit();
    let stack: PipelineStack | undefined;

    async function start(): Promise<PipelineStack> {
      const started = await PipelineStack.start();
      stack = started;
      await started.deliver('songs.csv', await readFile(songs), 'songs');
      await started.deliver('users.csv', await readFile(users), 'users');
      return started;
    }

    afterEach(async () => {
      await stack?.stop();
      stack = undefined;
    });

    it('has the KPIs of what has arrived after each of them, one after another', async () => {
      const started = await start();
      for (const [at, path] of streams.entries()) {
        await started.deliver(basename(path), await readFile(path));
        const { days } = await started.run(`file-${at + 1}`);
        expect(days).toEqual([{ day: DAY, edition: at + 1 }]);
        const delivered = streams.slice(0, at + 1);
        expect(
          differences(await trueItems({ streams: delivered, songs, users }), await started.items()),
        ).toEqual([]);
      }
    });

    it('has the KPIs of all three when the runs publish at once', async () => {
      const started = await start();
      for (const path of streams) await started.deliver(basename(path), await readFile(path));
      const ids = await Promise.all(
        streams.map((path) =>
          started.start(`run-${basename(path)}`, { inputs: [`streams/${basename(path)}`] }),
        ),
      );
      const results = await Promise.all(ids.map((id) => started.result(id)));
      expect(results.flatMap(({ days }) => days.map(({ edition }) => edition)).sort()).toEqual([1, 2, 3]);
      expect(differences(await trueItems({ streams, songs, users }), await started.items())).toEqual([]);
    });
  },
);
