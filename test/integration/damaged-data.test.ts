/** Data that is damaged after real runs: found, brought back from copies or made again, and right in every number. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jsonOf, msp } from '../support/cli.ts';
import type { CliResult } from '../support/cli.ts';
import { CrashingWorkers } from '../support/crashing-workers.ts';
import { differences, PipelineStack } from '../support/pipeline-stack.ts';
import { csv, plays, songsCsv, usersCsv } from '../support/small-world.ts';
import { trueItems } from '../support/truth.ts';

const [MONDAY, TUESDAY] = ['2024-07-01', '2024-07-02'] as const;

/** Where a killed worker leaves something half done, or done and not yet known. */
const CRASH_POINTS = [
  'worker@dataRecovery.examineData:after',
  'worker@dataRecovery.restoreObjects:after',
  'worker@dataRecovery.returnInputs:after',
  'worker@dataRecovery.verifyRecovery:before',
];

const FILES = {
  'monday.csv': csv(plays(1, 150, [MONDAY])),
  'across.csv': csv(plays(2, 80, [MONDAY, TUESDAY])),
  'tuesday.csv': csv(plays(3, 150, [TUESDAY])),
};

describe('data that is damaged after it was published', () => {
  let stack: PipelineStack;
  let folder: string;
  let workers: CrashingWorkers | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'msp-damaged-'));
    stack = await PipelineStack.start();
    await stack.deliver('songs.csv', songsCsv(), 'songs');
    await stack.deliver('users.csv', usersCsv(), 'users');
    for (const [name, content] of Object.entries(FILES)) await stack.deliver(name, content);
    await stack.run('first');
  }, 300_000);
  afterAll(async () => {
    await workers?.stop();
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);

  async function wrong(): Promise<string[]> {
    const at = (name: string): string => join(folder, name);
    await writeFile(at('songs'), songsCsv());
    await writeFile(at('users'), usersCsv());
    await Promise.all(Object.entries(FILES).map(([name, content]) => writeFile(at(name), content)));
    const streams = Object.keys(FILES).map(at);
    const truth = await trueItems({ streams, songs: at('songs'), users: at('users') });
    return differences(truth, await stack.items());
  }

  const bucket = (): string => stack.client.settings.bucket;

  async function keyBelow(prefix: string): Promise<string> {
    const [key] = await stack.keys(prefix);
    if (key === undefined) throw new Error(`Nothing below ${prefix}`);
    return key;
  }

  /** Every version, so that nothing is left to restore it from. */
  async function destroy(key: string): Promise<void> {
    const listed = await stack.s3.send(new ListObjectVersionsCommand({ Bucket: bucket(), Prefix: key }));
    for (const { Key, VersionId } of [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])]) {
      await stack.s3.send(new DeleteObjectCommand({ Bucket: bucket(), Key, VersionId }));
    }
  }

  async function overwrite(key: string): Promise<void> {
    await stack.s3.send(new PutObjectCommand({ Bucket: bucket(), Key: key, Body: 'not what it was' }));
  }

  async function cli(...args: string[]): Promise<CliResult> {
    return await msp(stack.running.environment.operator, ...args);
  }

  it('finds nothing wrong with what a run leaves', async () => {
    const found = await cli('recover', 'data', '--find', '--deep', '--reason', 'drill', '-o', 'json');
    expect(found).toMatchObject({ exitCode: 0 });
    expect(jsonOf(found)).toMatchObject({ status: 'Completed', outcome: 'nothing to do' });
  }, 120_000);

  it('restores what has copies and makes the rest again, each play counted once, whoever is killed', async () => {
    workers = await CrashingWorkers.take(stack, CRASH_POINTS);
    await destroy(await keyBelow(`validated/plays/listen_date=${MONDAY}/`));
    await overwrite(await keyBelow(`kpis/listen_date=${TUESDAY}/`));
    for (const key of await stack.keys('archived/')) if (key.endsWith('/tuesday.csv')) await overwrite(key);
    await stack.changeItem(`daily_listen_count#${TUESDAY}#all`, 1);
    await stack.deleteItem(`daily_listen_count#${MONDAY}#all`);

    const asked = await cli('recover', 'data', '--find', '--reason', 'drill', '-o', 'json');
    expect(asked).toMatchObject({ exitCode: 7 });
    expect(jsonOf(asked)).toMatchObject({
      status: 'AwaitingApproval',
      plan: { objects: 5, days: 2, runs: 1, lost: 0 },
    });
    const { plan } = jsonOf(asked) as { plan: { digest: string } };
    const approval = ['--digest', plan.digest, '--reason', 'go on'];
    expect(await cli('procedures', 'approve', 'latest', ...approval)).toMatchObject({ exitCode: 0 });

    const { id } = await stack.client.procedures.find('latest');
    const reference = await stack.client.procedures.find(id);
    expect(await stack.client.procedures.result(reference)).toMatchObject({
      ended: 'completed',
      result: { incomplete: false, outcome: 'recovered; all numbers are as before' },
    });
    expect(await workers.killed()).toBe(CRASH_POINTS.length);
    expect(await wrong()).toEqual([]);
    const shown = await cli('procedures', 'show', 'latest');
    expect(shown.stdout).toContain('RDATA-4');
    expect(shown.stdout).toContain('new editions of 2 days');
  }, 400_000);

  it('goes back to an earlier edition of a day as a new one', async () => {
    const rolled = await cli(
      ...[
        'recover',
        'data',
        '--rollback',
        TUESDAY,
        '--edition',
        '1',
        '--reason',
        'drill',
        '--yes',
        '-o',
        'json',
      ],
    );
    expect(rolled).toMatchObject({ exitCode: 0 });
    expect(await wrong()).toEqual([]);
    const [manifest] = await stack.keys(`processed/manifests/plays/${TUESDAY}`);
    expect(await stack.client.bucket.text(manifest ?? '')).toContain('"edition": 4');
  }, 400_000);
});
