import { CancellationScope, condition } from '@temporalio/workflow';

/**
 * Runs work that is cancelled as soon as a condition on the workflow's state holds; the work's own clean-up comes first.
 * @throws CancelledFailure when the work was interrupted
 */
export async function interruptible<T>(when: () => boolean, work: () => Promise<T>): Promise<T> {
  const working = new CancellationScope();
  const watching = new CancellationScope();
  watching
    .run(() => condition(when))
    .then(
      () => {
        working.cancel();
      },
      // The work was over first.
      () => undefined,
    );
  try {
    return await working.run(() => {
      if (when()) working.cancel();
      return work();
    });
  } finally {
    watching.cancel();
  }
}
