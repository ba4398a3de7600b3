/** What is wrong with a value that came from outside, said to people: where, what was expected, and what was there. */
import { z } from 'zod';

/** Characters of a wrong value that are shown: enough to recognise it. */
const SHOWN = 80;

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * One line for each problem, as in `dates[0]: expected a UTC date, YYYY-MM-DD; got "2024-13-45"`.
 * @param given the value that was parsed; leave it out where it may hold personal data
 */
export function problemsOf({ issues }: { readonly issues: readonly Issue[] }, given?: unknown): string[] {
  return issues.map(({ path, message }) => {
    const place = path.length === 0 ? '' : `${z.core.toDotPath(path)}: `;
    const value = valueAt(given, path);
    return `${place}${message}${value === undefined ? '' : `; got ${value}`}`;
  });
}

/** The simple value at a path, in JSON. A missing one, an object or a list is told by the message. */
export function valueAt(given: unknown, path: readonly PropertyKey[]): string | undefined {
  const value = path.reduce<unknown>(
    (from, name) => (typeof from === 'object' && from !== null ? Reflect.get(from, name) : undefined),
    given,
  );
  if (!isSimple(value)) return undefined;
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function isSimple(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
