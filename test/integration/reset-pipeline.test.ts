/** A pipeline that is reset while a run is in its way: stopped, set back, started anew, and right in every number. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jsonOf, msp } from '../support/cli.ts';
import { differences, PipelineStack } from '../support/pipeline-stack.ts';
import { csv, plays, songsCsv, usersCsv } from '../support/small-world.ts';
import { trueItems } from '../support/truth.ts';
import { until } from '../support/until.ts';

const [MONDAY, TUESDAY] = ['2024-07-01', '2024-07-02'] as const;

const FILES = {
  'monday.csv': csv(plays(1, 120, [MONDAY])),
  'across.csv': csv(plays(2, 60, [MONDAY, TUESDAY])),
};
const LATE = csv(plays(3, 60, [TUESDAY]));

describe('a pipeline that is reset', () => {
  let stack: PipelineStack;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'msp-reset-'));
    stack = await PipelineStack.start();
    await stack.deliver('songs.csv', songsCsv(), 'songs');
    await stack.deliver('users.csv', usersCsv(), 'users');
    for (const [name, content] of Object.entries(FILES)) await stack.deliver(name, content);
    await stack.run('first');
  }, 300_000);
  afterAll(async () => {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);

  it('ends the run in its way, processes all days anew and takes the file that was claimed', async () => {
    await stack.deliver('late.csv', LATE);
    await stack.start('in-the-way');
    await until('Glue works', async () =>
      (await stack.status('in-the-way')).glueRun === null ? undefined : true,
    );
    await stack.client.schedules.apply();

    const operator = stack.running.environment.operator;
    const reset = await msp(operator, 'reset', '--all', '--reason', 'drill', '--yes', '-o', 'json');
    expect(reset).toMatchObject({ exitCode: 0 });
    expect(jsonOf(reset)).toMatchObject({
      status: 'Completed',
      outcome: 'reset; 2 runs completed',
      incomplete: false,
    });
    expect((await stack.status('in-the-way')).status).toBe('Stopped');
    expect(await stack.client.schedules.list()).toMatchObject([{ paused: false }]);

    const at = (name: string): string => join(folder, name);
    await writeFile(at('songs'), songsCsv());
    await writeFile(at('users'), usersCsv());
    const delivered = { ...FILES, 'late.csv': LATE };
    await Promise.all(Object.entries(delivered).map(([name, content]) => writeFile(at(name), content)));
    const streams = Object.keys(delivered).map(at);
    const truth = await trueItems({ streams, songs: at('songs'), users: at('users') });
    expect(differences(truth, await stack.items())).toEqual([]);
    expect(await stack.keys('streams/')).toEqual([]);
  }, 400_000);
});
