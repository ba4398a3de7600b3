/** What makes a row of songs or users unusable. The scripts judge by the same rules (`music_streaming/reference.py`). */
import { z } from 'zod';
import { countSchema } from './documents.ts';
import { FIRST } from './first-few.ts';

/** In the order in which a row's reason is found. */
export const REFERENCE_REASONS = [
  'wrong_field_count',
  'bad_track_id',
  'bad_user_id',
  'missing_genre',
  'missing_country',
  'bad_duration',
] as const;
export type ReferenceReason = (typeof REFERENCE_REASONS)[number];

const referenceReasonSchema = z.enum(REFERENCE_REASONS);

/** A file of songs or users, judged row by row. */
export const judgedReferenceFileSchema = z.object({
  /** As delivered. */
  key: z.string(),
  rows: countSchema,
  unusable: countSchema,
  /** Unusable rows by reason; a reason that no row has may be left out. */
  reasons: z.partialRecord(referenceReasonSchema, countSchema),
  /** The line is the one where the row begins, from 1. */
  firstBad: z.array(z.object({ line: countSchema.min(1), reason: referenceReasonSchema })).max(FIRST),
});
export type JudgedReferenceFile = z.infer<typeof judgedReferenceFileSchema>;

/** A change of what makes a row unusable is a new version: what was judged by another is judged again. */
const REFERENCE_RULES = '1';

/** A version of reference data, judged: written once beside its copies, and what scripts read to find them. */
export const referenceDocumentSchema = z.object({
  version: z.literal(1),
  reference: z.string(),
  rules: z.literal(REFERENCE_RULES),
  /** Oldest first: of a key that stands in two files, the newer one counts. */
  songs: z.array(judgedReferenceFileSchema.extend({ uri: z.string() })).min(1),
  users: z.array(judgedReferenceFileSchema.extend({ uri: z.string() })).min(1),
});
export type ReferenceDocument = z.infer<typeof referenceDocumentSchema>;
export type ReferenceFile = ReferenceDocument['songs'][number];

export function referenceDocument(
  reference: string,
  files: Pick<ReferenceDocument, 'songs' | 'users'>,
): ReferenceDocument {
  return { version: 1, reference, rules: REFERENCE_RULES, ...files };
}

export type ReferenceKind = 'songs' | 'users';

/** Columns that a file must have. */
export const REFERENCE_COLUMNS = {
  songs: ['track_id', 'track_name', 'artists', 'track_genre', 'duration_ms'],
  users: ['user_id', 'user_country'],
} as const satisfies Record<ReferenceKind, readonly string[]>;

/** No song lasts a day. */
const DAY_MILLISECONDS = 24 * 3600 * 1000;

const MAX_LONG = 2n ** 63n - 1n;

/** Digits of {@link MAX_LONG}. */
const LONG_DIGITS = 19;

/** A field without the spaces and tabs at its ends; no other character is blank to Python and JavaScript alike. */
export function trimmed(field: string): string {
  return field.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '');
}

/**
 * @param field the field of a column, by its name
 * @returns why the row is unusable; `undefined` when it is not
 */
export function unusableReason(
  kind: ReferenceKind,
  field: (column: string) => string,
): ReferenceReason | undefined {
  if (kind === 'users') {
    if (wholeNumber(field('user_id')) === undefined) return 'bad_user_id';
    return trimmed(field('user_country')) === '' ? 'missing_country' : undefined;
  }
  if (!/^[0-9A-Za-z]{22}$/.test(trimmed(field('track_id')))) return 'bad_track_id';
  if (trimmed(field('track_genre')) === '') return 'missing_genre';
  const duration = wholeNumber(field('duration_ms'));
  return duration === undefined || duration >= DAY_MILLISECONDS ? 'bad_duration' : undefined;
}

/** The text as a positive whole number that 64 bits hold. */
function wholeNumber(text: string): bigint | undefined {
  const digits = /^0*([1-9]\d*)$/.exec(trimmed(text))?.[1];
  if (digits === undefined || digits.length > LONG_DIGITS) return undefined;
  const number = BigInt(digits);
  return number <= MAX_LONG ? number : undefined;
}

/** What is wrong with reference data of which too many rows are unusable; `undefined` when no more are than may be. */
export function tooManyUnusable(
  kind: ReferenceKind,
  files: readonly JudgedReferenceFile[],
  maxShare: number,
): string | undefined {
  const { rows, unusable } = sumOf(files);
  if (rows > unusable && unusable / rows <= maxShare) return undefined;
  const share = rows === 0 ? '' : ` (${percent(unusable / rows)}, limit ${percent(maxShare)})`;
  return `${unusable} of ${rows} rows of the ${kind} are unusable${share}${listed(firstBadOf(files), unusable)}`;
}

export function sumOf(files: readonly JudgedReferenceFile[]): {
  files: number;
  rows: number;
  unusable: number;
} {
  const sum = (field: 'rows' | 'unusable'): number => files.reduce((total, file) => total + file[field], 0);
  return { files: files.length, rows: sum('rows'), unusable: sum('unusable') };
}

/** The first unusable lines of all files, as in `reference/songs/a.csv line 7 (bad_duration)`. */
export function firstBadOf(files: readonly JudgedReferenceFile[]): string[] {
  return files
    .flatMap(({ key, firstBad }) => firstBad.map(({ line, reason }) => `${key} line ${line} (${reason})`))
    .slice(0, FIRST);
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function listed(first: readonly string[], count: number): string {
  if (first.length === 0) return '';
  return `: ${first.join(', ')}${count > first.length ? ` and ${count - first.length} more` : ''}`;
}
