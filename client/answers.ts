/** What a system answered or a program of the pipeline wrote, checked before it is shown. */
import type { z } from 'zod';
import { problemsOf } from '../pipeline/problems.ts';
import { ClientError } from './errors.ts';

interface Expectation {
  /** What the value is and where it comes from, as in `s3://b/k`. */
  readonly what: string;
  /** Why it may be otherwise, and what to do. */
  readonly advice: string;
  /** Whether the value holds personal data: then what was wrong is named without what was there. */
  readonly personal?: true;
}

/** @throws ClientError `Failed` naming each field that is not as the schema has it */
export function expected<T extends z.ZodType>(
  schema: T,
  value: unknown,
  { what, advice, personal }: Expectation,
): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error, personal ? undefined : value).join('\n');
  throw new ClientError('Failed', `${what} is not as expected:\n${problems}`, { advice });
}

/** @throws ClientError `Failed` when the text is no JSON */
export function jsonOf(text: string, { what, advice }: Expectation): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ClientError('Failed', `${what} is not JSON`, { advice, cause: error });
  }
}
