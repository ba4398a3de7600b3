/**
 * Every recorded history replays on the workflows as they are now. One that does not names a situation in which a run
 * would break when this version is deployed: keep the order of what the workflow asks for, or branch with `patched()`.
 */
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { ReplayResult } from '@temporalio/worker';
import * as workflows from '../../workflows/index.ts';
import { workflowBundle } from '../support/temporal/workflow-bundle.ts';
import { readHistory, recordedNames } from './histories.ts';
import type { History } from './histories.ts';
import { SITUATIONS } from './situations.ts';

// The bundle is built first: some seconds, several times that beside other tests.
jest.setTimeout(60_000);

// What a replay finds wrong is in its result.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
});

const names = recordedNames();

async function replay(histories: ReadonlyMap<string, History>): Promise<Map<string, ReplayResult['error']>> {
  const given = [...histories].map(([workflowId, history]) => ({ workflowId, history }));
  const errors = new Map<string, ReplayResult['error']>();
  const results = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, given);
  for await (const { workflowId, error } of results) errors.set(workflowId, error);
  return errors;
}

describe('recorded histories', () => {
  let errors: Map<string, ReplayResult['error']>;
  beforeAll(async () => {
    errors = await replay(new Map(names.map((name) => [name, readHistory(name)])));
  });

  it('are those of the situations that the recorder knows', () => {
    expect(names).toEqual(SITUATIONS.map(({ name }) => name).sort());
  });

  it('show each workflow that can be started', () => {
    const shown = names.map(
      (name) => readHistory(name).events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name,
    );
    expect(new Set(shown)).toEqual(new Set(Object.keys(workflows)));
  });

  it.each(names)('replay: %s', (name) => {
    expect(errors.has(name)).toBe(true);
    expect(errors.get(name)).toBeUndefined();
  });
});

describe('a replay', () => {
  it('fails when the workflow asks for something else than it did', async () => {
    const history = readHistory('ordinary');
    for (const { activityTaskScheduledEventAttributes: asked } of history.events) {
      if (asked?.activityType?.name === 'publishPlays') asked.activityType.name = 'publishSomethingElse';
    }
    const errors = await replay(new Map([['changed', history]]));
    expect(errors.get('changed')?.message).toMatch(/publishSomethingElse/);
  });
});
