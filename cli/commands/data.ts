/** `msp kpis`, `table`, `storage`: what is published and what is stored. */
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { daySchema } from '../../pipeline/documents.ts';
import { METRIC_TYPES } from '../../pipeline/kpi-items.ts';
import { PREFIXES } from '../../pipeline/layout.ts';
import { publishedKpiSchema, tableSchema, type PublishedKpi } from '../../client/kpis.ts';
import { prefixUsageSchema } from '../../client/objects.ts';
import { checked, type CliContext } from '../context.ts';
import type { Column } from '../output.ts';
import { bytes, count, cut, time } from '../format.ts';
import { collect, examples, limitSchema, outputOption, outputSchema, pairsSchema } from '../options.ts';

export function addDataCommands(program: Command, context: CliContext): void {
  addKpis(program, context);
  addTable(program, context);
  addStorage(program, context);
}

const kpisSchema = z.object({
  date: daySchema,
  metric: z.enum(METRIC_TYPES).optional(),
  dimension: pairsSchema.default({}),
  output: outputSchema,
});

function addKpis(program: Command, context: CliContext): void {
  const command = program
    .command('kpis')
    .summary('the published KPIs of a day')
    .description('Reads the published KPIs of a day from DynamoDB.')
    .requiredOption('--date <date>', 'UTC date of the plays, YYYY-MM-DD')
    .addOption(new Option('--metric <metric>', 'only this metric').choices(METRIC_TYPES))
    .option('--dimension <name=value>', 'only items with it: genre, rank, hour, country; repeatable', collect)
    .addOption(outputOption(['table', 'json', 'csv']))
    .action(async (given: unknown) => {
      const { date, metric, dimension, output } = checked(kpisSchema, given);
      await context.withClient(async (client) => {
        const question = { date, dimensions: dimension, ...(metric === undefined ? {} : { metric }) };
        const items = await client.kpis.query(question);
        context.out.rows(
          output,
          z.array(publishedKpiSchema),
          items,
          output === 'csv' ? KPI_FIELDS : KPI_COLUMNS,
          `no KPIs of ${date} are published that match; msp runs shows what ran`,
        );
      });
    });
  examples(command, [
    'msp kpis --date 2024-06-25 --metric top_genre',
    'msp kpis --date 2024-06-25 --metric top_song --dimension genre=jazz',
    'msp kpis --date 2024-06-25 -o json',
  ]);
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
    .map(([name, value]) => `${name}=${String(value)}`)
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
  const command = program
    .command('table')
    .summary('state of the KPI table')
    .description(
      'State, keys and indexes of the DynamoDB table. Counts are those of DynamoDB, up to six hours old.',
    )
    .addOption(outputOption())
    .action(async (given: unknown) => {
      const { output } = checked(z.object({ output: outputSchema }), given);
      await context.withClient(async (client) => {
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
    });
  examples(command, ['msp table', 'msp table -o json']);
}

function addStorage(program: Command, context: CliContext): void {
  const command = program
    .command('storage')
    .argument('[prefix]', 'only this prefix, with its objects')
    .summary('what the bucket holds')
    .description('Objects, bytes and newest object by prefix; with a prefix, its objects.')
    .option('--limit <n>', 'objects shown of a prefix', '100')
    .addOption(outputOption(['table', 'json', 'csv']))
    .action(async (prefix: string | undefined, given: unknown) => {
      const options = checked(z.object({ output: outputSchema, limit: limitSchema }), given);
      await context.withClient(async (client) => {
        if (prefix !== undefined) {
          await listObjects(context, client.bucket.list(prefix), options);
          return;
        }
        const usage = await Promise.all(Object.values(PREFIXES).map((each) => client.bucket.usage(each)));
        context.out.rows(
          options.output,
          z.array(prefixUsageSchema),
          usage,
          [
            { title: 'prefix', value: (row) => row.prefix },
            { title: 'objects', value: (row) => count(row.objects), right: true },
            { title: 'size', value: (row) => bytes(row.bytes), right: true },
            { title: 'newest', value: (row) => time(row.newestAt) },
          ],
          'the bucket is empty',
        );
      });
    });
  examples(command, [
    'msp storage',
    'msp storage streams/',
    'msp storage kpis/listen_date=2024-06-25/ -o json',
  ]);
}

const objectSchema = z.object({ key: z.string(), bytes: z.number(), modifiedAt: z.string() });

async function listObjects(
  context: CliContext,
  objects: AsyncIterable<{ key: string; bytes: number; modifiedAt: Date }>,
  { output, limit }: { output: z.output<typeof outputSchema>; limit: number },
): Promise<void> {
  const shown: z.output<typeof objectSchema>[] = [];
  for await (const { key, bytes: size, modifiedAt } of objects) {
    if (shown.length === limit) {
      context.out.note(`more than ${count(limit)} objects; --limit shows more`);
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
