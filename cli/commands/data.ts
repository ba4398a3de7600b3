/** `msp kpis`, `table`, `storage`: what is published and what is stored. */
import type { Command } from 'commander';
import { z } from 'zod';
import { daySchema } from '../../pipeline/documents.ts';
import { METRIC_TYPES } from '../../pipeline/kpi-items.ts';
import { PREFIXES } from '../../pipeline/layout.ts';
import { publishedKpiSchema, tableSchema, type PublishedKpi } from '../../client/kpis.ts';
import { prefixUsageSchema } from '../../client/objects.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { addClientCommand, argument, needed, option, repeatable } from '../command.ts';
import type { CliContext } from '../context.ts';
import type { Column, OutputFormat } from '../output.ts';
import { bytes, count, cut, time } from '../../pipeline/format.ts';
import { limit, OUTPUT, pairsSchema, ROWS_OUTPUT } from '../options.ts';

export function addDataCommands(program: Command, context: CliContext): void {
  addKpis(program, context);
  addTable(program, context);
  addStorage(program, context);
}

function addKpis(program: Command, context: CliContext): void {
  const declared = {
    summary: 'the published KPIs of a day',
    description: 'Reads the published KPIs of a day from DynamoDB.',
    options: {
      date: needed('--date <date>', 'UTC date of the plays, YYYY-MM-DD', daySchema),
      metric: option('--metric <metric>', 'only this metric', z.enum(METRIC_TYPES).optional(), (each) =>
        each.choices(METRIC_TYPES),
      ),
      dimension: repeatable(
        '--dimension <name=value>',
        'only items with it: genre, rank, hour, country; repeatable',
        pairsSchema.default({}),
      ),
      output: ROWS_OUTPUT,
    },
    examples: [
      'msp kpis --date 2024-06-25 --metric top_genre',
      'msp kpis --date 2024-06-25 --metric top_song --dimension genre=jazz',
      'msp kpis --date 2024-06-25 -o json',
    ],
  };
  addClientCommand(program, context, 'kpis', declared, async (client, options) => {
    const { date, metric, dimension: dimensions, output } = options;
    context.out.rows(
      output,
      z.array(publishedKpiSchema),
      await client.kpis.query({ date, dimensions, ...withoutUndefined({ metric }) }),
      output === 'csv' ? KPI_FIELDS : KPI_COLUMNS,
      `no KPIs of ${date} are published that match; msp runs shows what ran`,
    );
  });
}

const KPI_COLUMNS: readonly Column<PublishedKpi>[] = [
  { title: 'metric', value: (item) => item.metric_type },
  { title: 'dimensions', value: (item) => dimensionsOf(item) },
  { title: 'value', value: (item) => count(item.value), right: true },
  { title: 'what', value: (item) => cut(whatOf(item), 60) },
  { title: 'edition', value: (item) => item.edition, right: true },
];

/** A column for each dimension, as spreadsheets want it. */
const KPI_FIELDS: readonly Column<PublishedKpi>[] = [
  { title: 'date', value: (item) => item.date },
  { title: 'metric', value: (item) => item.metric_type },
  ...(['genre', 'rank', 'hour', 'country'] as const).map((name) => ({
    title: name,
    value: (item: PublishedKpi) => item.dimensions[name] ?? '',
  })),
  { title: 'value', value: (item) => item.value },
  { title: 'what', value: whatOf },
  { title: 'edition', value: (item) => item.edition },
];

const dimensionsOf = ({ dimensions }: PublishedKpi): string =>
  Object.entries(dimensions)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');

/** Who or what a ranking item is about. */
function whatOf({ metadata }: PublishedKpi): string {
  const text = (name: string): string | undefined => {
    const value = metadata[name];
    return typeof value === 'string' ? value : undefined;
  };
  const song = text('track_name');
  if (song !== undefined) return `${song} - ${text('artists') ?? ''}`;
  return text('artist') ?? text('genre') ?? '';
}

function addTable(program: Command, context: CliContext): void {
  const declared = {
    summary: 'state of the KPI table',
    description:
      'State, keys and indexes of the DynamoDB table. Counts are those of DynamoDB, up to six hours old.',
    options: { output: OUTPUT },
    examples: ['msp table', 'msp table -o json'],
  };
  addClientCommand(program, context, 'table', declared, async (client, { output }) => {
    const table = await client.kpis.describe();
    if (output === 'json') {
      context.out.json(tableSchema, table);
      return;
    }
    context.out.fields([
      ['table', table.name],
      ['status', context.out.status(table.status)],
      ['billing', table.billing],
      ['key', table.keys.join(', ')],
      ['items', count(table.items)],
      ['size', bytes(table.bytes)],
      ...table.indexes.map(
        (index) => [`index ${index.name}`, `${index.keys.join(', ')} (${index.status})`] as const,
      ),
    ]);
  });
}

function addStorage(program: Command, context: CliContext): void {
  const declared = {
    summary: 'what the bucket holds',
    description: 'Objects, bytes and newest object by prefix; with a prefix, its objects.',
    argument: argument('[prefix]', 'only this prefix, with its objects', z.string().optional()),
    options: { limit: limit('objects shown of a prefix', '100'), output: ROWS_OUTPUT },
    examples: ['msp storage', 'msp storage streams/', 'msp storage kpis/listen_date=2024-06-25/ -o json'],
  };
  addClientCommand(program, context, 'storage', declared, async (client, options, prefix) => {
    if (prefix !== undefined) {
      await listObjects(context, client.bucket.list(prefix), options);
      return;
    }
    context.out.rows(
      options.output,
      z.array(prefixUsageSchema),
      await Promise.all(Object.values(PREFIXES).map((each) => client.bucket.usage(each))),
      [
        { title: 'prefix', value: (row) => row.prefix },
        { title: 'objects', value: (row) => count(row.objects), right: true },
        { title: 'size', value: (row) => bytes(row.bytes), right: true },
        { title: 'newest', value: (row) => time(row.newestAt) },
      ],
      'the bucket is empty',
    );
  });
}

const objectSchema = z.object({ key: z.string(), bytes: z.number(), modifiedAt: z.string() });

async function listObjects(
  context: CliContext,
  objects: AsyncIterable<{ key: string; bytes: number; modifiedAt: Date }>,
  { output, limit: most }: { output: OutputFormat; limit: number },
): Promise<void> {
  const shown: z.output<typeof objectSchema>[] = [];
  for await (const { key, bytes: size, modifiedAt } of objects) {
    if (shown.length === most) {
      context.out.note(`more than ${count(most)} objects; --limit shows more`);
      break;
    }
    shown.push({ key, bytes: size, modifiedAt: modifiedAt.toISOString() });
  }
  context.out.rows(
    output,
    z.array(objectSchema),
    shown,
    [
      { title: 'key', value: (row) => row.key },
      { title: 'size', value: (row) => bytes(row.bytes), right: true },
      { title: 'modified', value: (row) => time(row.modifiedAt) },
    ],
    'nothing is there',
  );
}
