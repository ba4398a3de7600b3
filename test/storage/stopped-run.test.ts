/** What a stopped run's securing leaves of its Glue runs' output: real storage, no runs. */
import { describe, expect, it } from '@jest/globals';
import { createSecuringActivities } from '../../activities/storage/secure.ts';
import { layout } from '../../pipeline/layout.ts';
import { MONDAY, NOW, RUN } from '../support/data/published-world.ts';
import { publishedWorld } from '../support/suites/storage.ts';

describe('securing a stopped run', () => {
  const suite = publishedWorld();

  it.each([
    ['that was stopped', 'STOPPED', 'set aside'],
    ['that failed', 'FAILED', 'set aside'],
    ['that Glue does not know any more', undefined, 'set aside'],
    ['that had succeeded before the stop reached it', 'SUCCEEDED', 'left'],
    ['that has not ended yet', 'STOPPING', 'left'],
  ])('finds output of a Glue run %s (%s), which is %s', async (_what, state, becomes) => {
    const { secureStoppedRun } = createSecuringActivities(suite.world.worker, () => Promise.resolve(state));
    const output = suite.world.validated(MONDAY);
    const owner = { run: RUN, workflowId: 'daily', originalRunId: '00000001' };
    const record = {
      stoppedAt: NOW,
      by: 'ada',
      reason: 'drill',
      stage: 'validation',
      checkpoints: [],
    } as const;
    const secured = await suite.world.run(
      secureStoppedRun,
      { ...suite.world.context, owner },
      { jobRunIds: ['jr_1'], record },
    );
    const isLeft = becomes === 'left';
    expect((await suite.world.read(output)) !== undefined).toBe(isLeft);
    expect((await suite.world.read(layout.quarantined(RUN, output))) !== undefined).toBe(!isLeft);
    expect(await suite.world.json(secured.record)).toMatchObject({ jobRunIds: isLeft ? [] : ['jr_1'] });
  });
});
