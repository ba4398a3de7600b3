/** Waits for something that becomes true by itself. */

/** Between two looks: short against what is waited for, long against the cost of a look. */
const INTERVAL_MS = 50;

/**
 * @param look answers `undefined` or `false` as long as it is not so
 * @throws Error naming what did not come about within the time
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  withinMs = 20_000,
): Promise<Exclude<T, false>> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen as Exclude<T, false>;
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

/** @throws Error naming what did not come about within the time */
export async function within<T>(what: string, awaited: Promise<T>, withinMs: number): Promise<T> {
  const gaveUp = new AbortController();
  const late = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`Waited ${withinMs} ms in vain: ${what}`));
    }, withinMs);
    gaveUp.signal.addEventListener('abort', () => {
      clearTimeout(timer);
    });
  });
  try {
    return await Promise.race([awaited, late]);
  } finally {
    gaveUp.abort();
  }
}
