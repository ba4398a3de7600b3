/** The real day through the whole pipeline, against a second engine: delivered at once, again, and corrected. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { differences } from '../support/stack/pipeline-stack.ts';
import { realData, WITHOUT_REAL_DATA } from '../support/data/real-data.ts';
import { SCRIPTS } from '../support/spark/launcher.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { trueItems } from '../support/data/truth.ts';

const real = realData();
const DAY = '2024-06-25';

(real === undefined ? describe.skip : describe)(
  `the real day${real === undefined ? `: ${WITHOUT_REAL_DATA}` : ''}`,
  () => {
    const { songs, users, streams } = real ?? { songs: '', users: '', streams: ['', '', ''] as const };
    const suite = pipelineStack({ spark: SCRIPTS });
    let folder: string;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'msp-real-'));
      await suite.stack.deliver('songs.csv', await readFile(songs), 'songs');
      await suite.stack.deliver('users.csv', await readFile(users), 'users');
      for (const path of streams) await suite.stack.deliver(basename(path), await readFile(path));
    });
    afterAll(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    it('has the KPIs that a second engine computes from the delivered files', async () => {
      const result = await suite.stack.run('three-files');
      expect(result).toMatchObject({ outcome: 'published', days: [{ day: DAY, edition: 1 }] });
      expect(result.rows).toEqual({
        delivered: 34_038,
        valid: 34_038,
        duplicate: 0,
        rejected: 0,
        underReview: 0,
      });
      expect(differences(await trueItems({ streams, songs, users }), await suite.stack.items())).toEqual([]);
      expect(await suite.stack.keys('streams/')).toEqual([]);
      expect((await suite.stack.keys('archived/')).filter((key) => key.endsWith('.csv'))).toHaveLength(3);
      expect(await suite.stack.keys('temporary/')).toEqual([]);
    });

    it('is not changed by a file that comes again under another name, and nothing is written for it', async () => {
      const [first] = streams;
      const before = await suite.stack.rows();
      await suite.stack.deliver('another name + ü 100%.csv', await readFile(first));
      expect(await suite.stack.run('again')).toMatchObject({ outcome: 'nothing new', days: [] });
      expect(await suite.stack.rows()).toEqual(before);
      expect(await suite.stack.keys('streams/')).toEqual([]);
    });

    it('follows a correction under the same key, and forgets what it replaced', async () => {
      suite.stack.sparkFor('validate_data', 'compute_kpis');
      const [first, ...others] = streams;
      // Half of the plays are gone, and all of one genre with them: rankings get shorter and items vanish.
      const lines = (await readFile(first, 'utf8')).trimEnd().split('\n');
      const corrected = join(folder, basename(first));
      await writeFile(corrected, `${lines.filter((_, line) => line === 0 || line % 2 === 0).join('\n')}\n`);
      await suite.stack.deliver(basename(first), await readFile(corrected));
      expect(await suite.stack.run('correction')).toMatchObject({ days: [{ day: DAY, edition: 2 }] });
      expect(
        differences(
          await trueItems({ streams: [corrected, ...others], songs, users }),
          await suite.stack.items(),
        ),
      ).toEqual([]);
    });
  },
);
