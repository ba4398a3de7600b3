import { once } from 'node:events';

/** What a benchmark has started, so that an interrupted one leaves none of it. */
const started = new Set<() => Promise<unknown>>();
const controller = new AbortController();

export const interruption: AbortSignal = controller.signal;

export function interrupt(): void {
  controller.abort(new Error('The benchmark was interrupted.'));
}

/** The work's result, or an error as soon as the benchmark is interrupted. */
export async function unlessInterrupted<T>(work: Promise<T>): Promise<T> {
  const interrupted = once(interruption, 'abort').then(() => {
    throw interruption.reason;
  });
  return await Promise.race([work, interrupted]);
}

/** Works with something and ends it then, unless an interruption has ended it. */
export async function ending<T>(end: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  started.add(end);
  try {
    return await work();
  } finally {
    if (started.delete(end)) await end();
  }
}

/** Ends all that was started, the latest first, and returns when nothing is left of it. */
export async function endStarted(): Promise<void> {
  const ends = [...started].reverse();
  started.clear();
  for (const end of ends) {
    await end().catch((error: unknown) => {
      console.error(error);
    });
  }
}
