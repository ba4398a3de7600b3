/** What a stopped run's securing leaves of its Glue runs' output: real storage, no runs. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createSecuringActivities } from '../../activities/storage/secure.ts';
import { layout } from '../../pipeline/layout.ts';
import { startMiniStack } from '../local-glue/support/ministack.ts';
import type { MiniStack } from '../local-glue/support/ministack.ts';
import { installedToolchain } from '../local-glue/support/toolchain.ts';
import { MONDAY, NOW, PublishedWorld, RUN } from '../support/published-world.ts';

const toolchain = installedToolchain();
const suite = toolchain === undefined ? describe.skip : describe;

suite('securing a stopped run', () => {
  let ministack: MiniStack;
  let world: PublishedWorld;

  beforeAll(async () => {
    ministack = await startMiniStack(toolchain?.ministack ?? '');
  }, 60_000);
  afterAll(async () => {
    await ministack.close();
  });
  beforeEach(async () => {
    world = await PublishedWorld.make(ministack.endpoint);
  }, 30_000);
  afterEach(() => {
    world.close();
  });

  it.each([
    ['that was stopped', 'STOPPED', 'set aside'],
    ['that failed', 'FAILED', 'set aside'],
    ['that Glue does not know any more', undefined, 'set aside'],
    ['that had succeeded before the stop reached it', 'SUCCEEDED', 'left'],
    ['that has not ended yet', 'STOPPING', 'left'],
  ])(
    'finds output of a Glue run %s (%s), which is %s',
    async (_what, state, becomes) => {
      const { secureStoppedRun } = createSecuringActivities(world.worker.s3, () => Promise.resolve(state));
      const output = world.validated(MONDAY);
      const owner = { run: RUN, workflowId: 'daily', firstRunId: '00000001' };
      const record = {
        stoppedAt: NOW,
        by: 'ada',
        reason: 'drill',
        stage: 'validation',
        checkpoints: [],
      } as const;
      const secured = await world.run(
        secureStoppedRun,
        { ...world.context, owner },
        { jobRunIds: ['jr_1'], record },
      );
      const isLeft = becomes === 'left';
      expect((await world.read(output)) !== undefined).toBe(isLeft);
      expect((await world.read(layout.quarantined(RUN, output))) !== undefined).toBe(!isLeft);
      expect(await world.json(secured.record)).toMatchObject({ jobRunIds: isLeft ? [] : ['jr_1'] });
    },
    30_000,
  );
});
