/** Days that come in pieces: several in one run, late, across midnight, from runs at once, withdrawn. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ListedRun } from '../../client/run-listing.ts';
import { updates } from '../../workflows/pipeline/messages.ts';
import { differences } from '../support/stack/pipeline-stack.ts';
import { csv, plays } from '../support/data/small-world.ts';
import { SCRIPTS } from '../support/spark/launcher.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { toolchain } from '../support/stack/toolchain.ts';
import { trueItemsOf } from '../support/data/truth.ts';
import { until } from '../support/until.ts';

const [MONDAY, TUESDAY, WEDNESDAY] = ['2024-07-01', '2024-07-02', '2024-07-03'] as const;
const [THURSDAY, FRIDAY] = ['2024-07-04', '2024-07-05'] as const;

/** A run of a small day, and the executions of the chain before it that find nothing. */
const NEXT_DAY_WITHIN_MS = 180_000;

const execute = promisify(execFile);

describe('days that come in pieces', () => {
  const suite = pipelineStack({ spark: SCRIPTS });
  /** What counts now: the content of each delivered key. */
  const counting = new Map<string, string>();

  beforeAll(async () => {
    await suite.stack.deliverReference();
  });

  async function deliver(name: string, content: string): Promise<void> {
    counting.set(name, content);
    await suite.stack.deliver(name, content);
  }

  async function wrong(): Promise<string[]> {
    return differences(await trueItemsOf(counting.values()), await suite.stack.items());
  }

  it('counts three days and a file across midnight in one run', async () => {
    await deliver('monday.csv', csv(plays(1, 300, [MONDAY])));
    await deliver('across.csv', csv(plays(2, 200, [MONDAY, TUESDAY])));
    await deliver('week.csv', csv(plays(3, 300, [MONDAY, TUESDAY, WEDNESDAY])));
    const { days } = await suite.stack.run('three-days');
    expect(days).toEqual([MONDAY, TUESDAY, WEDNESDAY].map((day) => ({ day, edition: 1 })));
    expect(await wrong()).toEqual([]);
  });

  it("says in each Glue run's output log what the run did", async () => {
    const { glue, logs } = suite.stack.client;
    const said: string[] = [];
    for (const { id } of await glue.list(3))
      said.push(...(await logs.read(id, ['output'])).map(({ message }) => message));
    expect(said.sort()).toEqual([
      expect.stringMatching(/^dynamodb_load: [1-9]\d* items written, 0 deleted, 0 unchanged, of 3 days$/),
      expect.stringMatching(/^kpi_computation: [1-9]\d* items of 3 days computed from [1-9]\d* plays$/),
      expect.stringMatching(
        /^validation: 800 rows of 3 files judged, \d+ valid, \d+ duplicate, 0 rejected, 0 under review; 3 days$/,
      ),
    ]);
  });

  it('gives a late file to its day alone', async () => {
    suite.stack.sparkFor('validate_data', 'compute_kpis');
    await deliver('late.csv', csv(plays(4, 50, [TUESDAY])));
    expect((await suite.stack.run('late')).days).toEqual([{ day: TUESDAY, edition: 2 }]);
    expect(await wrong()).toEqual([]);
  });

  it('counts every play once when three runs publish the same day at once', async () => {
    suite.stack.sparkFor('compute_kpis');
    const shared = plays(5, 40, [WEDNESDAY]);
    const names = ['one.csv', 'two.csv', 'three.csv'];
    for (const [at, name] of names.entries()) {
      await deliver(name, csv([...plays(10 + at, 60, [WEDNESDAY]), ...shared]));
    }
    const runs = await Promise.all(
      names.map((name) => suite.stack.start(`at-once-${name}`, { inputs: [name] })),
    );
    const results = await Promise.all(runs.map((id) => suite.stack.result(id)));
    expect(results.flatMap(({ days }) => days.map(({ edition }) => edition)).sort()).toEqual([2, 3, 4]);
    expect(await wrong()).toEqual([]);
  });

  it('forgets a genre, a rank and a whole day that a correction takes away', async () => {
    const rockOnMonday = plays(1, 300, [MONDAY]).filter((line) => line.includes('0000000000000000000001'));
    await deliver('week.csv', csv(rockOnMonday));
    await deliver('across.csv', csv([]));
    await deliver('monday.csv', csv(rockOnMonday.slice(0, 5)));
    await suite.stack.start('correction');
    await suite.stack.reaches('correction', 'Held');
    const handle = suite.stack.client.temporal.client.workflow.getHandle('correction');
    await handle.executeUpdate(updates.approve, { args: [{ by: 'ada', reason: 'they are gone' }] });
    const { days } = await suite.stack.result('correction');
    expect(days.map(({ day }) => day)).toEqual([MONDAY, TUESDAY, WEDNESDAY]);
    expect(await wrong()).toEqual([]);
    expect(
      [...(await suite.stack.items()).keys()].filter((id) => id.startsWith('top_song#2024-07-01')),
    ).toHaveLength(1);
  });

  it('publishes what arrives between two executions of a cron chain, which the temporal CLI has started', async () => {
    suite.stack.sparkFor();
    await deliver('thursday.csv', csv(plays(30, 60, [THURSDAY])));
    const chain = ['--workflow-id', 'nightly', '--type', 'musicStreamingPipeline', '--cron', '@every 3s'];
    await execute(toolchain().temporal, ['workflow', 'start', '--task-queue', 'music_streaming', ...chain], {
      env: { ...process.env, ...suite.stack.running.environment.operator },
    });
    const { runs } = suite.stack.client;
    const first = await runs.find('nightly');
    expect(await runs.result(first)).toMatchObject({ result: { days: [{ day: THURSDAY, edition: 1 }] } });
    expect(await wrong()).toEqual([]);

    await deliver('friday.csv', csv(plays(31, 60, [FRIDAY])));
    const executions = async (): Promise<ListedRun[]> =>
      (await runs.list()).filter(({ workflowId, days }) => workflowId === 'nightly' && days.length > 0);
    const isPublished = async (): Promise<boolean> =>
      (await executions()).some(({ days, status }) => days.includes(FRIDAY) && status === 'Completed');
    await until('Friday is published', isPublished, NEXT_DAY_WITHIN_MS);
    expect(await wrong()).toEqual([]);
    await suite.stack.client.temporal.client.workflow.getHandle('nightly').terminate();
    const published = await executions();
    expect(published.map(({ days }) => days)).toEqual([[FRIDAY], [THURSDAY]]);
    expect(new Set(published.map(({ run }) => run)).size).toBe(2);
    expect(new Set(published.map(({ trigger }) => trigger))).toEqual(new Set(['cron']));
  });
});
