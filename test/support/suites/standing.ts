/** What tests stand on: started before them, stopped after them, and to be had in between. */
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';

type Start<T> = () => Promise<T>;
type Stop<T> = (started: T) => Promise<void> | void;

/** One for all tests of the file or the `describe` that this is called in. */
export function perSuite<T>(start: Start<T>, stop: Stop<T>): () => T {
  return standing({ before: beforeAll, after: afterAll }, start, stop);
}

/** A new one for each test. */
export function perTest<T>(start: Start<T>, stop: Stop<T>): () => T {
  return standing({ before: beforeEach, after: afterEach }, start, stop);
}

interface Hooks {
  readonly before: typeof beforeAll;
  readonly after: typeof afterAll;
}

function standing<T>({ before, after }: Hooks, start: Start<T>, stop: Stop<T>): () => T {
  let standing: { readonly started: T } | undefined;
  before(async () => {
    standing = { started: await start() };
  });
  after(async () => {
    const ending = standing;
    standing = undefined;
    if (ending !== undefined) await stop(ending.started);
  });
  return () => {
    if (standing === undefined) throw new Error('It is there while tests run, and has not been started');
    return standing.started;
  };
}
