import { CancellationScope, isCancellation } from '@temporalio/workflow';

export interface Interruption {
  /** Takes what interrupts the work, to be called on an operator's word; `undefined` once the work is over. */
  readonly arm: (interrupt: (() => void) | undefined) => void;
  /** Throws what ends the whole, if that is why the work was interrupted. */
  readonly throwIfEnding: () => void;
}

/** Runs work that an operator can interrupt; the work's own clean-up comes first. */
export async function interruptible<T>(
  work: () => Promise<T>,
  { arm, throwIfEnding }: Interruption,
): Promise<T> {
  const scope = new CancellationScope();
  arm(() => {
    scope.cancel();
  });
  try {
    return await scope.run(work);
  } catch (error) {
    if (isCancellation(error)) throwIfEnding();
    throw error;
  } finally {
    arm(undefined);
  }
}
