/** What can be asked of the generator. Every option has a default, so `{}` is a good request; all are checked here. */
import { z } from 'zod';
import { daySchema } from '../../pipeline/documents.ts';
import { REASONS } from '../../pipeline/reports.ts';
import { GENRES } from './words.ts';

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

/** How a good file may look. Combined with `+`, as in `gzip+crlf`. */
export const TRAITS = [
  'plain',
  'gzip',
  'crlf',
  'bom',
  'quoted',
  'iso_times',
  'extra_columns',
  'reordered_columns',
  'no_final_newline',
  'truncated_last_line',
] as const;
export type Trait = (typeof TRAITS)[number];

/** Files that are wrong as a whole, or bring no row. */
export const BROKEN_FILES = ['missing_column', 'renamed_column', 'header_only', 'empty', 'not_csv'] as const;
export type BrokenFile = (typeof BROKEN_FILES)[number];

/** `combined` is a row that is wrong in several ways at once. */
export const BAD_ROWS = [...REASONS, 'combined'] as const;
export type BadRow = (typeof BAD_ROWS)[number];

const formatSchema = z
  .string()
  .transform((text) => text.split('+'))
  .pipe(z.array(z.enum(TRAITS)))
  .refine(
    (traits) =>
      !traits.includes('truncated_last_line') ||
      !traits.some((trait) => ['extra_columns', 'reordered_columns', 'quoted'].includes(trait)),
    'truncated_last_line cuts the time, which must be the last and an unquoted field',
  );

const badRowsSchema = z.partialRecord(z.enum(BAD_ROWS), share);

/** Seconds of an hour: how many plays one user can have in it, as a play is recognised by user, track and second. */
const SECONDS_OF_HOUR = 3600;

/** The busiest hour has less than this share of a day's plays (see `plays.ts`). */
const BUSIEST_HOUR = 0.08;

export const datasetOptionsSchema = z
  .strictObject({
    /** Same seed, same bytes. */
    seed: z.number().int().min(0).max(0xffff_ffff).default(1),
    songs: count.min(1).max(2_000_000).default(2000),
    genres: count.min(1).max(GENRES.length).default(GENRES.length),
    users: count.min(1).max(2_000_000).default(1000),
    /** Songs and users that appear twice in their file, as a share. */
    duplicateReferenceRows: share.default(0),
    firstDay: daySchema.default('2024-06-25'),
    days: count.min(1).max(366).default(1),
    playsPerDay: count.max(100_000_000).default(10_000),
    filesPerDay: count.min(1).max(1000).default(3),
    /** All days in one file, in no order, instead of `filesPerDay` files for each. */
    singleFile: z.boolean().default(false),
    /** Rows that repeat a play of the same file, as a share of the file's plays. */
    duplicatesWithinFiles: share.default(0.01),
    /** Rows that repeat a play of the file before it on that day, as a share of the file's plays. */
    duplicatesBetweenFiles: share.default(0.02),
    /** Bad rows of each kind, as a share of the file's plays. */
    badRows: badRowsSchema.default({}),
    /** What the files look like, in turn. */
    formats: z
      .array(formatSchema)
      .min(1)
      .default([['plain']]),
    /** Additional files of each day that arrive after all others. */
    lateFilesPerDay: count.max(100).default(0),
    lateFilePlays: count.max(1_000_000).default(500),
    /** A file of each day with plays from two hours before midnight to two hours after. */
    midnightFiles: z.boolean().default(false),
    midnightFilePlays: count.max(1_000_000).default(400),
    /** On so many days the last file is delivered again under its name with other content. */
    corrections: count.max(366).default(0),
    brokenFiles: z.array(z.enum(BROKEN_FILES)).default([]),
  })
  .refine((o) => o.corrections <= o.days, 'corrections: at most one a day')
  .refine(
    (o) => o.corrections === 0 || (o.filesPerDay >= 2 && !o.singleFile),
    'corrections need filesPerDay of 2 or more, so that no other file repeats plays of the corrected one',
  )
  .refine(
    (o) =>
      o.playsPerDay * BUSIEST_HOUR +
        o.days *
          (o.lateFilesPerDay * o.lateFilePlays + o.midnightFilePlays + o.playsPerDay / o.filesPerDay) <=
      o.users * SECONDS_OF_HOUR,
    'too many plays for so few users: a user cannot start two plays in one second; raise users',
  );

/** As given by the caller. */
export type DatasetOptions = z.input<typeof datasetOptionsSchema>;
/** As the generator uses it. */
export type ParsedOptions = z.output<typeof datasetOptionsSchema>;

/**
 * Every kind of bad row at the same share.
 * @param each share of the plays for each kind, 0 to 1
 */
export function everyBadRow(each: number): Record<BadRow, number> {
  return Object.fromEntries(BAD_ROWS.map((kind) => [kind, each])) as Record<BadRow, number>;
}
