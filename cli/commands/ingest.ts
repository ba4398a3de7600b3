/** `msp ingest`: files for the pipeline. */
import type { Command } from 'commander';
import { z } from 'zod';
import { deliverySchema, type Delivery, type DeliveryKind } from '../../client/deliveries.ts';
import { ClientError } from '../../client/errors.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { addClientCommand, argument, option } from '../command.ts';
import type { CliContext } from '../context.ts';
import { bytes, plural } from '../../pipeline/format.ts';
import { OUTPUT } from '../options.ts';

export function addIngest(program: Command, context: CliContext): void {
  const text = z.string().optional();
  const declared = {
    summary: 'deliver files',
    description:
      'Delivers files as they are. Stream files go under streams/ by their name; a name delivered again with other ' +
      'content is a correction and replaces what it brought before.',
    argument: argument('[files...]', 'stream files, plain or gzip', z.array(z.string())),
    options: {
      songs: option('--songs <file>', 'songs, the reference data', text),
      users: option('--users <file>', 'users, the reference data', text),
      key: option('--key <key>', "key instead of the file's name; for one file", text),
      prefix: option('--prefix <prefix>', 'folder below streams/', text),
      output: OUTPUT,
    },
    examples: [
      'msp ingest plays/*.csv',
      'msp ingest --songs songs.csv --users users.csv',
      'msp ingest fixed.csv --key streams-2024-06-25-1.csv',
    ],
  };
  addClientCommand(program, context, 'ingest', declared, async (client, options, files) => {
    const { key, prefix, output } = options;
    const delivered: Delivery[] = [];
    for (const { kind, path } of plan(files, options)) {
      const onProgress = context.out.progress(`uploading ${path}`);
      const naming = kind === 'streams' ? withoutUndefined({ key, prefix }) : {};
      delivered.push(await client.deliver(path, { kind, ...naming, onProgress }));
      onProgress(1);
    }
    context.out.rows(
      output,
      z.array(deliverySchema),
      delivered,
      [
        { title: 'key', value: (file) => file.key },
        { title: 'size', value: (file) => bytes(file.bytes), right: true },
        { title: 'file id', value: ({ fileId }) => fileId },
      ],
      'nothing was delivered',
    );
  });
}

function plan(
  files: readonly string[],
  { songs, users, key }: { readonly [Of in 'songs' | 'users' | 'key']: string | undefined },
): { kind: DeliveryKind; path: string }[] {
  if (key !== undefined && files.length !== 1) {
    const given = plural(files.length, 'file');
    throw new ClientError('WrongUse', `--key names one file, but ${given} were given.`, {
      advice: 'Deliver the files one by one, or use --prefix.',
    });
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
