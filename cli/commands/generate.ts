/** `msp generate`: a data set from a seed. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { writeDataset } from '../../local/generator/dataset.ts';
import {
  BAD_ROWS,
  BROKEN_FILES,
  datasetOptionsSchema,
  everyBadRow,
  TRAITS,
  type DatasetOptions,
} from '../../local/generator/options.ts';
import { codeOf } from '../../local/stack/errors.ts';
import { decimal } from '../../pipeline/settings.ts';
import { ClientError } from '../../client/errors.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { addCommand, flag, needed, option, repeatable } from '../command.ts';
import { checked, type CliContext } from '../context.ts';
import { bytes, count } from '../../pipeline/format.ts';
import { integerSchema, OUTPUT, pairsSchema } from '../options.ts';
import type { OutputFormat } from '../output.ts';

const shareSchema = decimal.pipe(z.number().min(0).max(1));

const number = integerSchema.optional();
const listSchema = z.string().transform((list) => list.split(','));

export function addGenerate(program: Command, context: CliContext): void {
  const declared = {
    summary: 'make songs, users and stream files of any size',
    description:
      'Makes a data set from a seed: songs.csv, users.csv, stream files in streams/, and what arrives afterwards in ' +
      'late/ and corrections/. truth.json says what is in each file. A folder takes one data set.',
    options: {
      dir: needed('--dir <folder>', 'where to write', z.string()),
      seed: option('--seed <n>', 'same seed, same bytes (1)', number),
      songs: option('--songs <n>', 'songs (2000)', number),
      genres: option('--genres <n>', 'genres (113)', number),
      users: option('--users <n>', 'users (1000)', number),
      firstDay: option('--first-day <date>', 'first day of plays (2024-06-25)', z.string().optional()),
      days: option('--days <n>', 'days (1)', number),
      playsPerDay: option('--plays-per-day <n>', 'plays of each day (10000)', number),
      filesPerDay: option(
        '--files-per-day <n>',
        'files of each day, overlapping in users and time (3)',
        number,
      ),
      singleFile: flag('--single-file', 'all days in one file'),
      lateFilesPerDay: option('--late-files-per-day <n>', 'files of each day that arrive later (0)', number),
      midnightFiles: flag('--midnight-files', 'a file of each day that spans its midnight'),
      corrections: option('--corrections <n>', 'days whose last file is corrected (0)', number),
      allBad: option(
        '--all-bad <share>',
        `rows of each bad kind as a share of the plays: ${BAD_ROWS.join(', ')}`,
        shareSchema.optional(),
      ),
      bad: repeatable(
        '--bad <kind=share>',
        'rows of one bad kind, repeatable',
        pairsSchema.pipe(z.partialRecord(z.enum(BAD_ROWS), shareSchema)).optional(),
      ),
      formats: option(
        '--formats <list>',
        `what files look like, in turn, combined by +: ${TRAITS.join(', ')}`,
        listSchema.optional(),
      ),
      broken: option(
        '--broken <list>',
        `files that are wrong as a whole: ${BROKEN_FILES.join(', ')}`,
        listSchema.pipe(z.array(z.enum(BROKEN_FILES))).optional(),
      ),
      output: OUTPUT,
    },
    examples: [
      'msp generate --dir data --days 3 --plays-per-day 20000',
      'msp generate --dir data --all-bad 0.002 --formats plain,gzip+crlf,reordered_columns --broken missing_column',
      'msp generate --dir data --single-file --days 7 --plays-per-day 1428572 --users 50000 --songs 90000',
    ],
  };
  addCommand(program, 'generate', declared, async (given) => {
    const { dir, output, allBad, bad, broken, ...rest } = given;
    const options = withoutUndefined({
      ...rest,
      brokenFiles: broken,
      badRows: { ...(allBad === undefined ? {} : everyBadRow(allBad)), ...bad },
    });
    // The generator checks them too; here what is wrong is said as an option's fault.
    checked(datasetOptionsSchema, options);
    await requireUnused(dir);
    await generate(context, dir, output, options);
  });
}

/** What a data set before would leave beside this one, and beside a truth that does not know it. */
const OF_A_DATASET = ['truth.json', 'streams', 'late', 'corrections'];

async function requireUnused(dir: string): Promise<void> {
  const names = await readdir(dir).catch((error: unknown): string[] => {
    if (codeOf(error) === 'ENOENT') return [];
    if (codeOf(error) !== 'ENOTDIR') throw error;
    throw new ClientError('WrongUse', `--dir ${dir} is a file.`, { advice: 'Name a folder.', cause: error });
  });
  const found = OF_A_DATASET.filter((name) => names.includes(name));
  if (found.length === 0) return;
  throw new ClientError('WrongUse', `--dir ${dir} has a data set already (${found.join(', ')}).`, {
    advice: 'Name another folder, or remove that data set first.',
  });
}

async function generate(
  context: CliContext,
  dir: string,
  output: OutputFormat,
  options: DatasetOptions,
): Promise<void> {
  const dataset = await writeDataset(dir, options, (file) => {
    context.out.note(`wrote ${file.path}, ${bytes(file.bytes)}`);
  });
  await writeFile(join(dir, 'truth.json'), `${JSON.stringify(dataset, null, 2)}\n`);
  context.out.rows(
    output,
    z.array(generatedFileSchema),
    dataset.streams.map(({ path, kind, bytes: size, sha256, truth }) => ({
      path,
      kind,
      bytes: size,
      sha256,
      ...truth,
    })),
    [
      { title: 'file', value: ({ path }) => path },
      { title: 'kind', value: ({ kind }) => kind },
      { title: 'size', value: (file) => bytes(file.bytes), right: true },
      { title: 'rows', value: ({ rows }) => count(rows.delivered), right: true },
      { title: 'valid', value: ({ rows }) => count(rows.valid), right: true },
      { title: 'duplicate', value: ({ rows }) => count(rows.duplicate), right: true },
      { title: 'rejected', value: ({ rows }) => count(rows.rejected), right: true },
      { title: 'under review', value: ({ rows }) => count(rows.underReview), right: true },
    ],
    'no stream file was made',
  );
}

const counts = z.record(z.string(), z.number());

const generatedFileSchema = z.object({
  path: z.string(),
  kind: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  status: z.enum(['accepted', 'rejected']),
  rows: z.object({
    delivered: z.number(),
    valid: z.number(),
    duplicate: z.number(),
    rejected: z.number(),
    underReview: z.number(),
  }),
  firstReasons: counts,
  reasonHits: counts,
  days: counts,
});
