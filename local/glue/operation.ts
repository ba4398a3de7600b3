/**
 * What an operation of the API is, and the table of them.
 */
import type { z } from 'zod';
import { invalidInput } from './errors.ts';

/** An action on a resource that IAM is asked about. */
export interface Permission {
  readonly action: string;
  readonly resource: string;
  /** Condition keys and their values. */
  readonly context?: Readonly<Record<string, string>>;
}

/** A call whose input is known to be right. */
export interface PreparedCall {
  readonly permissions: readonly Permission[];
  readonly perform: () => object;
}

/** @throws GlueError InvalidInputException. */
export type Operation = (body: unknown) => PreparedCall;

export class OperationTable extends Map<string, Operation> {
  /**
   * @param on ARNs that the operation's own permission is asked for.
   * @param alsoNeeds a permission beside the operation's own.
   */
  add<T>(
    name: string,
    takes: z.ZodType<T>,
    on: (input: T) => string | readonly string[],
    does: (input: T) => object,
    alsoNeeds?: (input: T) => Permission,
  ): void {
    this.set(name, (body) => {
      const input = parsed(takes, body);
      const own = [on(input)].flat().map((resource) => ({ action: `glue:${name}`, resource }));
      const further = alsoNeeds === undefined ? [] : [alsoNeeds(input)];
      return { permissions: [...own, ...further], perform: () => does(input) };
    });
  }
}

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { issues } = result.error;
  const problems = issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`);
  const count = `${issues.length} validation error${issues.length === 1 ? '' : 's'} detected`;
  throw invalidInput(`${count}: ${problems.join('; ')}`);
}
