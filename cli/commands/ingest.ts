/** `msp ingest`: files for the pipeline. */
import type { Command } from 'commander';
import { z } from 'zod';
import { deliverySchema, type Delivery, type DeliveryKind } from '../../client/deliveries.ts';
import { ClientError } from '../../client/errors.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { checked, type CliContext } from '../context.ts';
import { bytes, plural } from '../format.ts';
import { examples, outputOption, outputSchema } from '../options.ts';

const ingestSchema = z.object({
  songs: z.string().optional(),
  users: z.string().optional(),
  key: z.string().optional(),
  prefix: z.string().optional(),
  output: outputSchema,
});

export function addIngest(program: Command, context: CliContext): void {
  const command = program
    .command('ingest')
    .argument('[files...]', 'stream files, plain or gzip')
    .summary('deliver files')
    .description(
      'Delivers files as they are. Stream files go under streams/ by their name; a name delivered again with other ' +
        'content is a correction and replaces what it brought before.',
    )
    .option('--songs <file>', 'songs, the reference data')
    .option('--users <file>', 'users, the reference data')
    .option('--key <key>', "key instead of the file's name; for one file")
    .option('--prefix <prefix>', 'folder below streams/')
    .addOption(outputOption())
    .action(async (files: string[], given: unknown) => {
      const options = checked(ingestSchema, given);
      const planned = plan(files, options);
      await context.withClient(async (client) => {
        const delivered: Delivery[] = [];
        for (const { kind, path } of planned) {
          const report = context.out.progress(`uploading ${path}`);
          const naming =
            kind === 'streams' ? withoutUndefined({ key: options.key, prefix: options.prefix }) : {};
          delivered.push(await client.deliver(path, { kind, ...naming, onProgress: report }));
          report(1);
        }
        context.out.rows(
          options.output,
          z.array(deliverySchema),
          delivered,
          [
            { title: 'key', value: ({ key }) => key },
            { title: 'size', value: (file) => bytes(file.bytes), right: true },
            { title: 'file id', value: ({ fileId }) => fileId },
          ],
          'nothing was delivered',
        );
      });
    });
  examples(command, [
    'msp ingest plays/*.csv',
    'msp ingest --songs songs.csv --users users.csv',
    'msp ingest fixed.csv --key streams-2024-06-25-1.csv',
  ]);
}

function plan(
  files: readonly string[],
  { songs, users, key }: z.output<typeof ingestSchema>,
): { kind: DeliveryKind; path: string }[] {
  if (key !== undefined && files.length !== 1) {
    throw new ClientError(
      'WrongUse',
      `--key names one file, but ${plural(files.length, 'file')} were given.`,
      {
        advice: 'Deliver the files one by one, or use --prefix.',
      },
    );
  }
  const planned: { kind: DeliveryKind; path: string | undefined }[] = [
    { kind: 'songs', path: songs },
    { kind: 'users', path: users },
    ...files.map((path) => ({ kind: 'streams' as const, path })),
  ];
  const named = planned.flatMap(({ kind, path }) => (path === undefined ? [] : [{ kind, path }]));
  if (named.length === 0) {
    throw new ClientError('WrongUse', 'No file was named.', {
      advice: 'Name stream files, or --songs and --users.',
    });
  }
  return named;
}
