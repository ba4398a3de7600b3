/** Suites on a whole stack. */
import { jest } from '@jest/globals';
import type { Script } from '../spark/launcher.ts';
import { PipelineStack } from '../stack/pipeline-stack.ts';
import { perSuite } from './standing.ts';

/**
 * A stack starts in five seconds and a run takes half a minute alone on two cores, both several times that beside another
 * stack; the longest tests have three runs, or kill one at a dozen points. Who waits for a run gives it up sooner, and
 * says how it stands.
 */
const LIMIT_MS = 600_000;

/** For a suite that starts its stacks itself. */
export function wholeStackLimit(): void {
  jest.setTimeout(LIMIT_MS);
}

interface StackOptions {
  /** Scripts that run with Spark; a stand-in takes the place of the others. */
  readonly spark?: readonly Script[];
  /** Ends what tests have added, while the stack is still there. */
  readonly leaving?: () => Promise<void>;
}

export function pipelineStack({ spark = [], leaving }: StackOptions = {}): {
  readonly stack: PipelineStack;
} {
  wholeStackLimit();
  const stack = perSuite(
    () => PipelineStack.start({}, spark),
    async (started) => {
      try {
        await leaving?.();
      } finally {
        await started.stop();
      }
    },
  );
  return {
    get stack() {
      return stack();
    },
  };
}

/** @param start starts a stack and what belongs to it */
export function stackWorld<W extends { stop(): Promise<void> }>(
  start: () => Promise<W>,
): { readonly world: W } {
  wholeStackLimit();
  const world = perSuite(start, (started) => started.stop());
  return {
    get world() {
      return world();
    },
  };
}
