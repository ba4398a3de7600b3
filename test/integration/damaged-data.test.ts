/** Data that is damaged after real runs: found, brought back from copies or made again, and right in every number. */
import { DeleteObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { jsonOf, msp } from '../support/cli.ts';
import type { CliResult } from '../support/cli.ts';
import { CrashingWorkers } from '../support/stack/crashing-workers.ts';
import { differences } from '../support/stack/pipeline-stack.ts';
import { csv, plays } from '../support/data/small-world.ts';
import { SCRIPTS } from '../support/spark/launcher.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { trueItemsOf } from '../support/data/truth.ts';

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
  let workers: CrashingWorkers | undefined;
  const suite = pipelineStack({
    leaving: async () => {
      await workers?.stop();
    },
  });

  beforeAll(async () => {
    await suite.stack.deliverReference();
    for (const [name, content] of Object.entries(FILES)) await suite.stack.deliver(name, content);
    await suite.stack.run('first');
  });

  async function wrong(): Promise<string[]> {
    return differences(await trueItemsOf(Object.values(FILES)), await suite.stack.items());
  }

  const bucket = (): string => suite.stack.client.settings.bucket;

  async function keyBelow(prefix: string): Promise<string> {
    const [key] = await suite.stack.keys(prefix);
    if (key === undefined) throw new Error(`Nothing below ${prefix}`);
    return key;
  }

  /** Every version, so that nothing is left to restore it from. */
  async function destroy(key: string): Promise<void> {
    const listed = await suite.stack.s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket(), Prefix: key }),
    );
    for (const { Key, VersionId } of [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])]) {
      await suite.stack.s3.send(new DeleteObjectCommand({ Bucket: bucket(), Key, VersionId }));
    }
  }

  async function overwrite(key: string): Promise<void> {
    await suite.stack.s3.send(new PutObjectCommand({ Bucket: bucket(), Key: key, Body: 'not what it was' }));
  }

  async function cli(...args: string[]): Promise<CliResult> {
    return await msp(suite.stack.running.environment.operator, ...args);
  }

  it('finds nothing wrong with what a run leaves', async () => {
    const found = await cli('recover', 'data', '--find', '--deep', '--reason', 'drill', '-o', 'json');
    expect(found).toMatchObject({ exitCode: 0 });
    expect(jsonOf(found)).toMatchObject({ status: 'Completed', outcome: 'nothing to do' });
  });

  it('restores what has copies and makes the rest again, each play counted once, whoever is killed', async () => {
    suite.stack.sparkFor(...SCRIPTS);
    workers = await CrashingWorkers.take(suite.stack, CRASH_POINTS);
    await destroy(await keyBelow(`validated/plays/listen_date=${MONDAY}/`));
    await overwrite(await keyBelow(`kpis/listen_date=${TUESDAY}/`));
    for (const key of await suite.stack.keys('archived/'))
      if (key.endsWith('/tuesday.csv')) await overwrite(key);
    await suite.stack.changeItem(`daily_listen_count#${TUESDAY}#all`, 1);
    await suite.stack.deleteItem(`daily_listen_count#${MONDAY}#all`);

    const asked = await cli('recover', 'data', '--find', '--reason', 'drill', '-o', 'json');
    expect(asked).toMatchObject({ exitCode: 7 });
    expect(jsonOf(asked)).toMatchObject({
      status: 'AwaitingApproval',
      plan: { objects: 5, days: 2, runs: 1, lost: 0 },
    });
    const { plan } = jsonOf(asked) as { plan: { digest: string } };
    const approval = ['--digest', plan.digest, '--reason', 'go on'];
    expect(await cli('procedures', 'approve', 'latest', ...approval)).toMatchObject({ exitCode: 0 });

    const { id } = await suite.stack.client.procedures.find('latest');
    const reference = await suite.stack.client.procedures.find(id);
    expect(await suite.stack.client.procedures.result(reference)).toMatchObject({
      ended: 'completed',
      result: { incomplete: false, outcome: 'recovered; all numbers are as before' },
    });
    expect(await workers.killed()).toBe(CRASH_POINTS.length);
    expect(await wrong()).toEqual([]);
    const shown = await cli('procedures', 'show', 'latest');
    expect(shown.stdout).toContain('RDATA-4');
    expect(shown.stdout).toContain('new editions of 2 days');
  });

  it('goes back to an earlier edition of a day as a new one', async () => {
    suite.stack.sparkFor();
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
    const [manifest] = await suite.stack.keys(`processed/manifests/plays/${TUESDAY}`);
    expect(await suite.stack.client.bucket.text(manifest ?? '')).toContain('"edition": 4');
  });
});
