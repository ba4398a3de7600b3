/** Suites on storage alone: a MiniStack for the suite, a published world in it for each test. */
import { jest } from '@jest/globals';
import { startMiniStack } from '../stack/ministack.ts';
import { PublishedWorld } from '../data/published-world.ts';
import { RecoveryDrill } from '../data/recovery-drill.ts';
import { perSuite, perTest } from './standing.ts';

/** A plan asks the storage a few hundred times: two seconds, and ten times that on a busy machine. */
const LIMIT_MS = 60_000;

export function publishedWorld(): { readonly world: PublishedWorld } {
  const endpoint = miniStack();
  const world = perTest(
    () => PublishedWorld.make(endpoint()),
    (made) => {
      made.close();
    },
  );
  return {
    get world() {
      return world();
    },
  };
}

export function recoveryDrill(): { readonly drill: RecoveryDrill; readonly world: PublishedWorld } {
  const endpoint = miniStack();
  const drill = perTest(
    () => RecoveryDrill.make(endpoint()),
    ({ world }) => {
      world.close();
    },
  );
  return {
    get drill() {
      return drill();
    },
    get world() {
      return drill().world;
    },
  };
}

/** @returns its endpoint */
function miniStack(): () => string {
  jest.setTimeout(LIMIT_MS);
  const ministack = perSuite(startMiniStack, (started) => started.close());
  return () => ministack().endpoint;
}
