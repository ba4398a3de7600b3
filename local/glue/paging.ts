/**
 * Pages of a list. A token names the last item given, so that items added meanwhile neither repeat nor hide others, and
 * it carries what list it belongs to, so that one operation's token is refused by another.
 */
import { z } from 'zod';
import { invalidInput } from './errors.ts';

const tokenSchema = z.object({ list: z.string(), after: z.union([z.string(), z.number()]) });

type Key = z.infer<typeof tokenSchema>['after'];

export interface Page<T> {
  readonly items: T[];
  /** Absent on the last page. */
  readonly nextToken?: string;
}

export interface PageRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

/**
 * @param list names what is paged through, for instance the operation and its job.
 * @param sorted all items in their order.
 * @param keyOf the item's key, unique, and greater than the keys of the items before.
 * @throws GlueError InvalidInputException for a token that is not of this list.
 */
export function pageOf<T>(
  list: string,
  sorted: readonly T[],
  keyOf: (item: T) => Key,
  request: PageRequest,
  defaultSize: number,
): Page<T> {
  const after =
    request.NextToken === undefined || request.NextToken === '' ? undefined : read(list, request.NextToken);
  const remaining = after === undefined ? sorted : sorted.filter((item) => keyOf(item) > after);
  const items = remaining.slice(0, request.MaxResults ?? defaultSize);
  const last = items.at(-1);
  if (last === undefined || items.length === remaining.length) return { items };
  const token = JSON.stringify({ list, after: keyOf(last) });
  return { items, nextToken: Buffer.from(token).toString('base64url') };
}

function read(list: string, token: string): Key {
  try {
    const parsed = tokenSchema.parse(JSON.parse(Buffer.from(token, 'base64url').toString()));
    if (parsed.list === list) return parsed.after;
  } catch {
    // Falls through to the same answer: what is wrong with a made-up token is of no use to the caller.
  }
  throw invalidInput('The NextToken is not one that this operation answered with.');
}
