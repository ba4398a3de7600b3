/**
 * A run and procedures that lose what they work with, at several points in one go: the quick part of the crash matrix,
 * which `npm run test:long -- crash` tries whole. Recoveries of data are killed in `integration/damaged-data.test.ts`.
 */
import { describe, expect, it } from '@jest/globals';
import { SCRIPTS } from '../support/spark/launcher.ts';
import { stackWorld } from '../support/suites/whole-stack.ts';
import { Matrix } from './matrix.ts';
import { brokenPromises } from './promises.ts';
import { published } from './subject.ts';
import { SUBJECTS } from './subjects.ts';
import { CrashWorld } from './world.ts';

const run = (activity: string): string => `musicStreamingPipeline.${activity}`;

/** Where most is at stake: around each Glue start, at each effect that others see, and while it is on its way. */
const QUICK = {
  run: [
    `worker@${run('prepareData')}:sent-2`,
    `temporal@${run('prepareData')}:after`,
    `worker@${run('startGlueRun.validation')}:after`,
    `temporal@${run('publishPlays')}:sent-1`,
    `worker@${run('publishPlays')}:answered-1`,
    `glue@${run('startGlueRun.kpi_computation')}:sent-1`,
    `temporal@${run('startGlueRun.kpi_computation')}:answered-1`,
    `worker@${run('publishKpis')}:after`,
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
  const suite = stackWorld(() => CrashWorld.start([]));

  it('is a run that is right when starting a Glue run is throttled, refused and answered never', async () => {
    await suite.world.stack.faults(
      {
        kind: 'api',
        operation: 'StartJobRun',
        times: 1,
        error: { code: 'ThrottlingException', message: 'Rate exceeded' },
      },
      {
        kind: 'api',
        operation: 'StartJobRun',
        skip: 1,
        times: 1,
        error: { code: 'ConcurrentRunsExceededException', message: 'Concurrent runs exceeded' },
      },
      { kind: 'api', operation: 'StartJobRun', skip: 2, times: 1, lose: 'after' },
      { kind: 'api', operation: 'StartJobRun', skip: 3, times: 1, lose: 'before' },
    );
    const file = await suite.world.deliver();
    await suite.world.stack.start('lost-starts');
    await published(suite.world, 'lost-starts', file);
    expect(await brokenPromises(suite.world)).toEqual([]);
  });

  it.each(Object.entries(QUICK))('is a %s that keeps every promise', async (name, points) => {
    const kind = SUBJECTS[name];
    if (kind === undefined) throw new Error(`There is no subject ${name}`);
    // What dies in the middle of its work is a run's Spark.
    suite.world.stack.sparkFor(...(name === 'run' ? SCRIPTS : []));
    expect(await Matrix.of(suite.world, kind).try(...points)).toMatchObject({
      verdict: 'kept',
      wrong: [],
      standing: [],
      unreached: [],
    });
  });
});
