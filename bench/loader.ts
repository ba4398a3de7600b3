/**
 * The load: ten thousand items into an empty table, the same again, and then with one in a hundred changed. A load is a
 * diff, so the second must not write at all and the last only what changed. MiniStack stands for DynamoDB: its time is
 * not AWS's, but requests and units are counted as there.
 */
import { join } from 'node:path';
import { ROOT_KEY } from '../local/stack/provision/provision.ts';
import type { LoadPlan } from '../pipeline/plans.ts';
import { loadReportSchema } from '../pipeline/reports.ts';
import { seconds, type Part } from './report.ts';
import { runPython, runScript } from './spark.ts';
import { withStack } from './stack.ts';

const ITEMS = 10_000;
const CHANGED = ITEMS / 100;
const DAY = '2024-06-25';

interface Load {
  readonly name: string;
  readonly edition: number;
  /** Items whose value differs from the load before. */
  readonly changed: number;
  readonly expectedWrites: number;
}

const LOADS: readonly Load[] = [
  { name: 'first load', edition: 1, changed: 0, expectedWrites: ITEMS },
  { name: 'unchanged', edition: 1, changed: 0, expectedWrites: 0 },
  // A new edition takes the day's guard, one write, even where no item differs.
  { name: 'new edition', edition: 2, changed: 0, expectedWrites: 0 },
  { name: '1 % changed', edition: 3, changed: CHANGED, expectedWrites: CHANGED },
];

export async function benchLoader(folder: string): Promise<Part> {
  return await withStack(folder, async ({ stack }) => {
    const table = 'music_streaming_kpis';
    const aws = { endpoint: stack.endpoints.aws, ...ROOT_KEY };
    const figures = [];
    for (const load of LOADS) {
      const work = join(folder, load.name.replaceAll(/\W/g, '-'));
      const items = await writeItems(work, load.changed);
      const plan: LoadPlan = {
        version: 1,
        run: 'bench',
        table,
        days: [{ day: DAY, edition: load.edition, files: [items.file], items: ITEMS, digest: items.digest }],
        publishedAt: new Date().toISOString(),
        retentionDays: 365,
        deadLetterPrefix: `${work}/dead-letters/`,
        maxWriteUnitsPerSecond: null,
      };
      const run = await runScript({ script: 'load_dynamodb', plan, folder: work, aws });
      const { writes, days, startedAt, finishedAt } = loadReportSchema.parse(run.report);
      const loading = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
      figures.push({ ...load, measured: run.measured, loadingSeconds: loading, writes, days });
    }
    return {
      name: `loader: ${ITEMS.toLocaleString('en')} items into DynamoDB (MiniStack)`,
      columns: ['load', 'whole process', 'of it the script', 'put', 'deleted', 'write requests', 'units'],
      rows: figures.map(({ name, measured: took, loadingSeconds, writes }) => [
        name,
        seconds(took.seconds),
        seconds(loadingSeconds),
        `${writes.put}`,
        `${writes.deleted}`,
        `${writes.requests}`,
        `${writes.consumedUnits}`,
      ]),
      targets: figures.map(({ name, expectedWrites, writes }) => ({
        what: `items written, ${name}`,
        limit: `${expectedWrites}`,
        measured: `${writes.put + writes.deleted}`,
        met: writes.put === expectedWrites && writes.deleted === 0,
      })),
      figures,
    };
  });
}

/** @returns the Parquet file of the items, and their digest */
async function writeItems(folder: string, changed: number): Promise<{ file: string; digest: string }> {
  const file = join(folder, 'items.parquet');
  const words = [file, '--day', DAY, '--items', `${ITEMS}`, '--changed', `${changed}`];
  const { printed } = await runPython(folder, 'write_items.py', words);
  return { file, digest: printed };
}
