/** The demo's data: one day in three files that overlap, with some rows that are wrong, made from a seed. */
import { join } from 'node:path';
import type { Output } from '../output.ts';
import { bytes, count } from '../../pipeline/format.ts';
import type { PipelineClient } from '../../client/pipeline-client.ts';
import { writeDataset, type Dataset } from '../../local/generator/dataset.ts';
import { everyBadRow } from '../../local/generator/options.ts';

/** The day of the plays. */
export const DAY = '2024-06-25';

/** Of each kind of bad row; ten kinds make one per cent, well below the five at which the quality gate holds a run. */
const BAD_SHARE = 0.001;

export async function makeData(out: Output, dir: string): Promise<Dataset> {
  const dataset = await writeDataset(join(dir, 'data'), {
    seed: 1,
    firstDay: DAY,
    filesPerDay: 3,
    badRows: everyBadRow(BAD_SHARE),
    formats: ['plain', 'gzip', 'crlf+reordered_columns'],
  });
  const files = dataset.streams.map(({ path, bytes: size, truth }) => ({ path, size, rows: truth.rows }));
  out.table(files, [
    { title: 'file', value: ({ path }) => path.slice(dir.length + 1) },
    { title: 'size', value: ({ size }) => bytes(size), right: true },
    { title: 'rows', value: ({ rows }) => count(rows.delivered), right: true },
    { title: 'of them wrong', value: ({ rows }) => count(rows.rejected + rows.underReview), right: true },
    { title: 'in another file too', value: ({ rows }) => count(rows.duplicate), right: true },
  ]);
  return dataset;
}

export async function deliverData(client: PipelineClient, { songs, users, streams }: Dataset): Promise<void> {
  await client.deliver(songs.path, { kind: 'songs' });
  await client.deliver(users.path, { kind: 'users' });
  for (const { path } of streams) await client.deliver(path);
}
