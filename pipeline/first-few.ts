/**
 * What can be many is told by its first ten and a count: in the history of a run, in what people see, in failures. Whole
 * lists are in the bucket.
 */

/** Ten show what a list is about; ten names of the longest kind are 2 kB. */
export const FIRST = 10;

/** S3 keys have up to 1,024 bytes and columns any length; the beginning of a name tells which one it is. */
const NAME_LENGTH = 200;

/** What is said of one of them: its name, and what is wrong with it. */
const ENTRY_LENGTH = 2 * NAME_LENGTH;

/** A failure, a reason, a summary: the history, the details and each status hold it, and a screen shows no more. */
const TEXT_LENGTH = 4_000;

/** A text without what goes beyond a length. */
export function cut(text: string, length = TEXT_LENGTH): string {
  const more = text.length - length;
  return more <= 0 ? text : `${text.slice(0, length)} … and ${more} more characters`;
}

/** A key, a column, an id: whoever delivers data gives it its name. */
export function cutName(name: string): string {
  return cut(name, NAME_LENGTH);
}

/**
 * `a, b, c`, or `a, b, … and 7 more`.
 * @param count how many there are, where the names are the first of them
 */
export function firstFew(names: readonly string[], count = names.length, separator = ', '): string {
  const shown = names.slice(0, FIRST).map((name) => cut(name, ENTRY_LENGTH));
  const more = count - shown.length;
  return `${shown.join(separator)}${more > 0 ? ` and ${more} more` : ''}`;
}
