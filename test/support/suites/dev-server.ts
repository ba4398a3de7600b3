/** Suites on a Temporal dev server. */
import { jest } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { startDevServer } from '../temporal/dev-server.ts';
import { perSuite } from './standing.ts';

/**
 * Most tests take a few seconds, fifty runs at once a minute on two cores that are busy with something else. What they
 * wait for by `until` gives up sooner, and says what it was.
 */
const LIMIT_MS = 120_000;

export function devServer(): { readonly env: TestWorkflowEnvironment } {
  jest.setTimeout(LIMIT_MS);
  const env = perSuite(startDevServer, (started) => started.teardown());
  return {
    get env() {
      return env();
    },
  };
}
