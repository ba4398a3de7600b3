/**
 * Every operation of S3, Glue, STS and DynamoDB that a run calls fails in every way once. What passes by itself is never
 * seen by an operator; what does not parks the run, says what is missing, and a retry goes on. In the end there is one
 * Glue run for each stage, and the numbers are those of a second engine.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSING } from '../support/faults/answers.ts';
import type { PassingFault } from '../support/faults/answers.ts';
import type { Operation } from '../support/faults/operations.ts';
import { EveryFault } from '../support/faults/plans.ts';
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
});
