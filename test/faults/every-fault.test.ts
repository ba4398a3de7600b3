/**
 * Every operation of S3, Glue, STS, DynamoDB and Logs that a run, its scripts, a recovery or a client calls fails in
 * every way once. What passes by itself is never seen by an operator; what does not parks the run, says what is missing,
 * and a retry goes on. In the end there is one Glue run for each stage, and the numbers are those of a second engine.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSING } from '../support/faults/answers.ts';
import type { PassingFault } from '../support/faults/answers.ts';
import type { Operation } from '../support/faults/operations.ts';
import { EveryFault } from '../support/faults/plans.ts';
import { until } from '../support/until.ts';
import { OPERATIONS } from './operations.ts';
import { FaultWorld } from './world.ts';

/** Called once or thrice in a run: they have all of their faults in a row, and the retry policy brings them through. */
const SELDOM: readonly Operation[] = [
  'STS.GetCallerIdentity',
  'S3.GetBucketVersioning',
  'S3.DeleteObjects',
  'Glue.CreateJob',
  'Glue.UpdateJob',
];

/** The others of these are tried by the long command, which has a run for each. */
const SOME: Readonly<Record<Operation, readonly PassingFault[]>> = {
  // Each failed start costs seconds, since it is looked for before it is repeated.
  'Glue.StartJobRun': ['failed', 'unanswered', 'lost'],
  // After one that takes effect there is nothing left to delete.
  'S3.DeleteObjects': PASSING.filter((fault) => fault !== 'cut'),
};

/** What the client's questions come down to. */
const CLIENT_OPERATIONS: readonly Operation[] = [
  'DynamoDB.DescribeTable',
  'DynamoDB.Query',
  'Glue.GetJobRun',
  'Glue.GetJobRuns',
  'Logs.GetLogEvents',
  'S3.GetObject',
  'S3.ListObjectsV2',
  'S3.PutObject',
];

/** What a recovery asks of AWS. */
const RECOVERY_OPERATIONS: readonly Operation[] = [
  'DynamoDB.Query',
  'S3.CopyObject',
  'S3.GetObject',
  'S3.HeadObject',
  'S3.ListObjectVersions',
  'S3.PutObject',
];

/** What a shutdown asks of AWS, as the runs do that it stops. */
const STOP_OPERATIONS: readonly Operation[] = [
  'Glue.BatchStopJobRun',
  'Glue.GetJobRun',
  'Glue.GetJobRuns',
  'S3.GetObject',
  'S3.ListObjectsV2',
  'S3.PutObject',
];

describe('a run of which every call fails in every way', () => {
  let world: FaultWorld;
  const faults = new EveryFault({
    passing: (operation) => SOME[operation] ?? PASSING,
    inARow: (operation) => (SELDOM.includes(operation) ? PASSING.length : 2),
  });

  beforeAll(async () => {
    world = await FaultWorld.start();
  }, 120_000);
  afterAll(async () => {
    await world.stop();
  }, 120_000);

  it('finds its ground, and parks where a person has to see to it', async () => {
    expect(await world.run('ground', faults)).toMatchObject({
      outcome: 'no new input',
      parked: expect.arrayContaining(['STS.GetCallerIdentity: denied', 'STS.GetCallerIdentity: expired']),
    });
  }, 120_000);

  it('is published with the right numbers and one Glue run for each stage', async () => {
    await world.outdateJobs();
    await world.deliver();
    const { outcome, parked } = await world.run('published', faults);
    expect(outcome).toBe('published');
    expect(parked).toContain('Glue.StartJobRun: denied');
    expect(await world.newGlueRuns()).toEqual([
      'music-streaming-compute-kpis',
      'music-streaming-load-dynamodb',
      'music-streaming-validate-data',
    ]);
    expect(await world.wrongItems()).toEqual([]);
    expect(await world.stack.keys('streams/')).toEqual([]);
  }, 300_000);

  it('is published with the right numbers when calls of its scripts fail and pass when repeated', async () => {
    // S3A waits minutes for an answer that does not come.
    const scripts = new EveryFault({
      passing: () => PASSING.filter((fault) => fault !== 'unanswered'),
      inARow: () => 1,
      refusing: () => [],
    });
    await world.deliver();
    expect(await world.run('scripts', scripts, world.system.jobs)).toEqual({
      outcome: 'published',
      parked: [],
    });
    expect(scripts.operations).toEqual(
      expect.arrayContaining(['DynamoDB.TransactWriteItems', 'S3.GetObject']),
    );
    expect(await world.newGlueRuns()).toHaveLength(3);
    expect(await world.wrongItems()).toEqual([]);
  }, 300_000);

  it('has had every fault of every operation', () => {
    expect(faults.missing).toEqual([]);
    expect(faults.operations).toEqual(OPERATIONS);
  });

  it('is told of by a client as if no call of it had failed', async () => {
    // A client waits half a minute for an answer that does not come.
    const passing = new EveryFault({
      passing: () => PASSING.filter((fault) => fault !== 'unanswered'),
      inARow: () => 1,
      // It asks for the runs of three jobs at once.
      between: 3,
      refusing: () => [],
    });
    expect(await world.ask(passing)).toEqual({ wrong: [], refused: [] });
    expect(passing.missing).toEqual([]);
    expect(passing.operations).toEqual(CLIENT_OPERATIONS);
  }, 120_000);

  it('is not told of by a client that may not ask, which says what it lacks', async () => {
    const refusing = new EveryFault({ passing: () => [] });
    expect(await world.ask(refusing)).toEqual({
      wrong: [],
      refused: CLIENT_OPERATIONS.flatMap((operation) => [`${operation}: denied`, `${operation}: expired`]),
    });
    expect(refusing.missing).toEqual([]);
  }, 120_000);

  it('is recovered by a procedure whose every call fails in every way', async () => {
    // Few objects are damaged, so few are copied.
    const recovering = new EveryFault({
      inARow: (operation) => (operation === 'S3.CopyObject' ? PASSING.length : 2),
    });
    await world.damageKept();
    const { outcome, parked } = await world.procedure(
      await world.stack.client.procedures.recoverData({ by: 'ada', reason: 'drill', find: true }),
      recovering,
    );
    expect(outcome).toMatch(/all numbers are as before/);
    expect(recovering.missing).toEqual([]);
    expect(parked).toContain('S3.ListObjectVersions: denied');
    expect(recovering.operations).toEqual(RECOVERY_OPERATIONS);
    expect(await world.wrongItems()).toEqual([]);
  }, 300_000);

  it('is shut down and brought back by procedures whose calls fail and pass when repeated', async () => {
    const { stack } = world;
    const passing = (): EveryFault =>
      new EveryFault({
        // There is one Glue run to stop, and little to read and write.
        inARow: (operation) => (operation === 'Glue.BatchStopJobRun' ? PASSING.length : 2),
        refusing: () => [],
      });
    const ofIt = { kind: 'run', job: '*-validate-data', arguments: { '--run_token': 'stopped/*' } };
    // Longer than the test.
    await stack.faults({ ...ofIt, end: { state: 'SUCCEEDED', afterMs: 600_000 } });
    await world.deliver();
    await stack.start('stopped');
    await until('Glue works', async () => (await stack.status('stopped')).glueRun ?? undefined);

    const stopping = passing();
    const end = await world.shutDown(stopping);
    if (end.ended !== 'completed') throw new Error(end.message);
    expect((await stack.status('stopped')).status).toBe('Stopped');
    expect((await stack.client.glue.live()).length).toBe(0);
    expect(stopping.operations).toEqual(expect.arrayContaining([...STOP_OPERATIONS]));
    expect(stopping.missing.filter((fault) => fault.startsWith('Glue.BatchStopJobRun'))).toEqual([]);

    await stack.forgetFaults();
    const { shutdown } = end.result;
    const undo = await stack.client.procedures.undoShutdown({ shutdown, by: 'ada', reason: 'drill is over' });
    const { outcome } = await world.procedure(undo, passing());
    expect(outcome).toMatch(/^brought back: run stopped/);
    expect(await stack.result('stopped')).toMatchObject({ outcome: 'published' });
    expect(await world.wrongItems()).toEqual([]);
  }, 300_000);
});
