/**
 * A run and procedures that lose what they work with, at several points in one go: the quick part of the crash matrix,
 * which `npm run test:long -- crash` tries whole. Recoveries of data are killed in `integration/damaged-data.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Matrix } from './matrix.ts';
import { SUBJECTS } from './subjects.ts';
import { CrashWorld } from './world.ts';

const run = (activity: string): string => `musicStreamingPipeline.${activity}`;

/** Where most is at stake: around each Glue start, at each effect that others see, and while it is on its way. */
const QUICK = {
  run: [
    `worker@${run('startGlueRun.validation')}:after`,
    `worker@${run('publishPlays')}:answered-1`,
    `glue@${run('startGlueRun.kpi_computation')}:sent-1`,
    `temporal@${run('startGlueRun.kpi_computation')}:answered-1`,
    `glue@${run('startGlueRun.dynamodb_load')}:after`,
    `worker@${run('archiveInputs')}:sent-2`,
    `temporal@${run('updateProcessingState')}:after`,
  ],
  shutdown: [
    'worker@emergencyShutdown.tellRuns:after',
    'glue@emergencyShutdown.stopGlueRuns:sent-1',
    'temporal@emergencyShutdown.pauseSchedules:sent-1',
    'worker@emergencyShutdown.writeShutdownReport:sent-1',
  ],
  'shutdown-undone': [
    'worker@shutdownRecovery.resumeRuns:sent-1',
    'temporal@shutdownRecovery.unpauseSchedules:sent-1',
    `worker@${run('adoptInputs')}:after`,
  ],
  'reset-claims': [
    'temporal@pipelineReset.tellRuns:sent-1',
    'worker@pipelineReset.resetState:answered-1',
    'glue@pipelineReset.verifyGlueScripts:before',
  ],
} as const;

describe('what loses its worker, its Temporal server and its Glue on the way', () => {
  let world: CrashWorld;

  beforeAll(async () => {
    world = await CrashWorld.start();
  }, 120_000);
  afterAll(async () => {
    await world.stop();
  }, 120_000);

  it.each(Object.entries(QUICK))(
    'is a %s that keeps every promise',
    async (name, points) => {
      const kind = SUBJECTS[name];
      if (kind === undefined) throw new Error(`There is no subject ${name}`);
      expect(await Matrix.of(world, kind).try(...points)).toMatchObject({
        verdict: 'kept',
        wrong: [],
        unreached: [],
      });
    },
    600_000,
  );
});
