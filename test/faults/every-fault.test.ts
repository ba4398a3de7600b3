/**
 * Every operation of S3, Glue, STS, DynamoDB and Logs that a run, its scripts, a recovery or a client calls fails in
 * every way once. What passes by itself is never seen by an operator; what does not parks the run, says what is missing,
 * and a retry goes on. In the end there is one Glue run for each stage, and the numbers are those of a second engine.
 */
import { describe, expect, it } from '@jest/globals';
import { PASSING } from '../support/faults/answers.ts';
import type { PassingFault } from '../support/faults/answers.ts';
import type { Operation } from '../support/faults/operations.ts';
import { EveryFault } from '../support/faults/plans.ts';
import { SCRIPTS } from '../support/spark/launcher.ts';
import { stackWorld } from '../support/suites/whole-stack.ts';
import { OPERATIONS } from './operations.ts';
import { FaultWorld } from './world.ts';

/** Called once or thrice in a run: they have all of their faults in a row, and the retry policy brings them through. */
const SELDOM: readonly Operation[] = [
  'STS.GetCallerIdentity',
  'DynamoDB.DescribeTable',
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
  const suite = stackWorld(() => FaultWorld.start([]));
  const faults = new EveryFault({
    passing: (operation) => SOME[operation] ?? PASSING,
    inARow: (operation) => (SELDOM.includes(operation) ? PASSING.length : 2),
  });

  it('finds its ground, and parks where a person has to see to it', async () => {
    expect(await suite.world.run('ground', faults)).toMatchObject({
      outcome: 'no new input',
      parked: expect.arrayContaining(['STS.GetCallerIdentity: denied', 'STS.GetCallerIdentity: expired']),
    });
  });

  it('creates its jobs whatever becomes of the calls', async () => {
    // A creation whose answer is lost has taken effect, so three jobs may be there before each fault was dealt.
    const isLeft = (fault: string): boolean => fault.startsWith('Glue.CreateJob');
    for (let again = 1; again <= 3 && faults.missing.some(isLeft); again += 1) {
      await suite.world.deleteJobs();
      expect(await suite.world.run(`ground-${again}`, faults)).toMatchObject({
        outcome: 'no new input',
      });
    }
  });

  it('is published with the right numbers and one Glue run for each stage', async () => {
    await suite.world.outdateJobs();
    await suite.world.deliver();
    const { outcome, parked } = await suite.world.run('published', faults);
    expect(outcome).toBe('published');
    expect(parked).toContain('Glue.StartJobRun: denied');
    expect(await suite.world.newGlueRuns()).toEqual([
      'music_streaming_dynamodb_load',
      'music_streaming_kpi_computation',
      'music_streaming_validation',
    ]);
    expect(await suite.world.wrongItems()).toEqual([]);
    expect(await suite.world.stack.keys('streams/')).toEqual([]);
  });

  it('is published with the right numbers when calls of its scripts fail and pass when repeated', async () => {
    // S3A waits minutes for an answer that does not come.
    const scripts = new EveryFault({
      passing: () => PASSING.filter((fault) => fault !== 'unanswered'),
      inARow: () => 1,
      refusing: () => [],
    });
    suite.world.stack.sparkFor(...SCRIPTS);
    await suite.world.deliver();
    expect(await suite.world.run('scripts', scripts, suite.world.system.jobs)).toEqual({
      outcome: 'published',
      parked: [],
    });
    expect(scripts.operations).toEqual(
      expect.arrayContaining(['DynamoDB.TransactWriteItems', 'S3.GetObject']),
    );
    expect(await suite.world.newGlueRuns()).toHaveLength(3);
    expect(await suite.world.wrongItems()).toEqual([]);
    suite.world.stack.sparkFor();
  });

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
    expect(await suite.world.ask(passing)).toEqual({ wrong: [], refused: [] });
    expect(passing.missing).toEqual([]);
    expect(passing.operations).toEqual(CLIENT_OPERATIONS);
  });

  it('is not told of by a client that may not ask, which says what it lacks', async () => {
    const refusing = new EveryFault({ passing: () => [] });
    expect(await suite.world.ask(refusing)).toEqual({
      wrong: [],
      refused: CLIENT_OPERATIONS.flatMap((operation) => [`${operation}: denied`, `${operation}: expired`]),
    });
    expect(refusing.missing).toEqual([]);
  });

  it('is recovered by a procedure whose every call fails in every way', async () => {
    // Few objects are damaged, so few are copied.
    const recovering = new EveryFault({
      inARow: (operation) => (operation === 'S3.CopyObject' ? PASSING.length : 2),
    });
    await suite.world.damageKept();
    const { outcome, parked } = await suite.world.procedure(
      await suite.world.stack.client.procedures.recoverData({ by: 'ada', reason: 'drill', find: true }),
      recovering,
    );
    expect(outcome).toMatch(/all numbers are as before/);
    expect(recovering.missing).toEqual([]);
    expect(parked).toContain('S3.ListObjectVersions: denied');
    expect(recovering.operations).toEqual(RECOVERY_OPERATIONS);
    expect(await suite.world.wrongItems()).toEqual([]);
  });

  it('is shut down and brought back by procedures whose calls fail and pass when repeated', async () => {
    const { stack } = suite.world;
    const passing = (): EveryFault =>
      new EveryFault({
        // There is one Glue run to stop, and little to read and write.
        inARow: (operation) => (operation === 'Glue.BatchStopJobRun' ? PASSING.length : 2),
        refusing: () => [],
      });
    const ofIt = { kind: 'run', job: '*_validation', arguments: { '--run_token': 'stopped/*' } };
    // Longer than the test.
    await stack.faults({ ...ofIt, end: { state: 'SUCCEEDED', afterMs: 600_000 } });
    await suite.world.deliver();
    await stack.start('stopped');
    await stack.glueWorks('stopped');

    const stopping = passing();
    const end = await suite.world.shutDown(stopping);
    if (end.ended !== 'completed') throw new Error(end.message);
    expect((await stack.status('stopped')).status).toBe('Stopped');
    expect((await stack.client.glue.live()).length).toBe(0);
    expect(stopping.operations).toEqual(expect.arrayContaining([...STOP_OPERATIONS]));
    expect(stopping.missing.filter((fault) => fault.startsWith('Glue.BatchStopJobRun'))).toEqual([]);

    await stack.forgetFaults();
    const { shutdown } = end.result;
    const undo = await stack.client.procedures.undoShutdown({ shutdown, by: 'ada', reason: 'drill is over' });
    const { outcome } = await suite.world.procedure(undo, passing());
    expect(outcome).toMatch(/^brought back: run stopped/);
    expect(await stack.result('stopped')).toMatchObject({ outcome: 'published' });
    expect(await suite.world.wrongItems()).toEqual([]);
  });
});
