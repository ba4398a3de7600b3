/**
 * How whoever uses an adapter makes its calls: how they are cancelled, and what is said of one that failed. Activities
 * and the client each have one.
 */
import type { FailureType } from '../../pipeline/failures.ts';

/** What a call asks, and of what. */
export interface AwsCall {
  /** As AWS names it, with its subject: `GetObject streams/a.csv`. */
  readonly operation: string;
  /** As an operator knows it: `s3://b/streams/a.csv`, `table t`. */
  readonly resource: string;
}

/** What a request is sent with. */
export interface CallOptions {
  readonly abortSignal?: AbortSignal;
}

export interface Caller {
  /**
   * Makes a call. What `send` throws becomes an error of the caller's kind, unless {@link failure} made it.
   * @param send sends the request with the given options, by which the caller can cancel it
   */
  call<T>(asked: AwsCall, send: (options: CallOptions) => Promise<T>): Promise<T>;
  /** An error of the caller's kind for what an adapter itself has found wrong. */
  failure(type: FailureType, message: string, cause?: unknown): Error;
}

/** The pages of a listing, each fetched by a call of its own. */
export async function* pagesOf<T>(
  caller: Caller,
  asked: AwsCall,
  pages: AsyncIterable<T>,
): AsyncGenerator<T> {
  const iterator = pages[Symbol.asyncIterator]();
  for (;;) {
    const page = await caller.call(asked, () => iterator.next());
    if (page.done === true) return;
    yield page.value;
  }
}
