/** The one argument of a workflow, as whoever starts it gives it: the command line, the UI's form, a schedule. */
import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';
import { problemsOf } from '../../pipeline/problems.ts';

/**
 * @param what the work that the request asks for, as in `run`
 * @throws `RequestInvalid`, which ends the workflow, naming each wrong field and its value
 */
export function requestOf<T extends z.ZodType>(schema: T, given: unknown, what: string): z.output<T> {
  // A run that is started without an argument, or by a form that was left empty, asks for nothing in particular.
  const parsed = schema.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error, given).join('\n');
  throw ApplicationFailure.nonRetryable(
    `The ${what}'s input is not a valid request; correct it and start again.\n${problems}`,
    'RequestInvalid',
  );
}
