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

export interface Operation {
  /** @throws GlueError InvalidInputException. */
  prepare(body: unknown): PreparedCall;
}

interface OperationParts<S extends z.ZodType> {
  readonly takes: S;
  /** ARNs that the operation's own permission is asked for. */
  readonly on: (input: z.output<S>) => string | readonly string[];
  /** Permissions beside the operation's own. */
  readonly alsoNeeds?: (input: z.output<S>) => Permission;
  readonly does: (input: z.output<S>) => object;
}

export class OperationTable {
  readonly #operations = new Map<string, Operation>();

  add<S extends z.ZodType>(name: string, { takes, on, alsoNeeds, does }: OperationParts<S>): void {
    this.#operations.set(name, {
      prepare(body) {
        const input = parsed(takes, body);
        const own = [on(input)].flat().map((resource) => ({ action: `glue:${name}`, resource }));
        const further = alsoNeeds === undefined ? [] : [alsoNeeds(input)];
        return { permissions: [...own, ...further], perform: () => does(input) };
      },
    });
  }

  get(name: string): Operation | undefined {
    return this.#operations.get(name);
  }
}

function parsed<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const { issues } = result.error;
  const problems = issues.map((issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`);
  const count = `${issues.length} validation error${issues.length === 1 ? '' : 's'} detected`;
  throw invalidInput(`${count}: ${problems.join('; ')}`);
}
