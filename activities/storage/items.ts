/** Reading the items of a day from their Parquet files, each verified by its digest. */
import { createHash } from 'node:crypto';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import type { DataFile } from '../../pipeline/documents.ts';
import { kpiItemSchema } from '../../pipeline/kpi-items.ts';
import type { KpiItem } from '../../pipeline/kpi-items.ts';
import { problemsOf } from '../../pipeline/problems.ts';
import { failure } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';

type RecordedFile = DataFile & { readonly versionId?: string | undefined };

/** What a report or a manifest says of a day's items. */
export interface RecordedItems {
  readonly day: string;
  readonly items: number;
  /** Each as its version, the present one where none is named. */
  readonly files: readonly RecordedFile[];
}

/**
 * @throws `OutputChanged` when the files are not those that the record names
 * @throws `ReportInvalid` when they hold something else than it says
 */
export async function readItems(bucket: Bucket, day: RecordedItems): Promise<KpiItem[]> {
  const items: KpiItem[] = [];
  for (const file of day.files) {
    const bytes = await readVerified(bucket, file);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    for (const row of await parquetReadObjects({ file: buffer, compressors }))
      items.push(parseItem(row, file.key));
  }
  if (items.length !== day.items) {
    const counts = `${items.length} items, the report says ${day.items}`;
    throw failure(
      'ReportInvalid',
      `The files of ${day.day} (${day.files.map(({ key }) => key).join(', ')}) hold ${counts}`,
    );
  }
  return items;
}

async function readVerified(
  bucket: Bucket,
  { key, size, sha256, versionId }: RecordedFile,
): Promise<Uint8Array> {
  const bytes = await bucket.readBytes(key, versionId);
  const found = bytes === undefined ? 'missing' : createHash('sha256').update(bytes).digest('hex');
  if (bytes === undefined || found !== sha256 || bytes.byteLength !== size) {
    throw failure(
      'OutputChanged',
      `s3://${bucket.name}/${key} is not what was recorded: its SHA-256 is ${found}, expected ${sha256}`,
    );
  }
  return bytes;
}

function parseItem(row: Record<string, unknown>, key: string): KpiItem {
  const json = (column: string): unknown => JSON.parse(String(row[column]));
  const parsed = kpiItemSchema.safeParse({
    ...row,
    value: Number(row['value']),
    dimensions: json('dimensions'),
    metadata: json('metadata'),
  });
  if (!parsed.success) {
    const problems = problemsOf(parsed.error, row).join('; ');
    throw failure('ReportInvalid', `Item ${String(row['id'])} in ${key} is not a KPI item: ${problems}`);
  }
  return parsed.data;
}
