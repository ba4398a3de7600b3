/**
 * Changing a shared document: read, decide, write on the condition that nobody wrote in between, else again. The
 * decision is a pure function of what is there, so a lost answer or a second try ends in the same document.
 */
import { cancellationSignal, sleep } from '@temporalio/activity';
import type { z } from 'zod';
import { failure } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';

/** What reading and changing documents needs of a bucket. */
export type DocumentStore = Pick<Bucket, 'head' | 'readJson' | 'writeJsonIf'>;

/** Twenty writers at once need twenty rounds in the worst case; more than that is not a race but a fault. */
const MAX_ROUNDS = 30;

/** Longest pause between two rounds; random, so that the losers of one race do not meet again in the next. */
const MAX_PAUSE_MS = 250;

/**
 * @param decide the document as it should be; the very object that it was given means: leave it as it is. `undefined`
 *   means that none is there and none should be.
 * @returns the document as it then stands
 * @throws `PublishConflict` when others kept winning
 */
export async function changeDocument<T extends object, R extends T | undefined>(
  bucket: DocumentStore,
  key: string,
  schema: z.ZodType<T>,
  decide: (current: T | undefined) => R,
): Promise<R> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    if (round > 0) await sleep(Math.random() * MAX_PAUSE_MS);
    cancellationSignal().throwIfAborted();
    const stored = await bucket.readJson(key, schema);
    const next = decide(stored?.value);
    if (next === undefined || next === stored?.value) return next;
    if (await bucket.writeJsonIf(key, next, stored?.etag)) return next;
  }
  throw failure('PublishConflict', `${key} was changed by others ${MAX_ROUNDS} times in a row`);
}
