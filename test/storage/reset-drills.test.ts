/** What a reset changes in the records, and going back on it: real storage, no runs. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createResetActivities } from '../../activities/reset/activities.ts';
import { keyRecordOf } from '../../activities/storage/claims.ts';
import { layout } from '../../pipeline/layout.ts';
import { playsManifestSchema } from '../../pipeline/manifests.ts';
import type { ResetActivities } from '../../pipeline/procedures/activity-types.ts';
import type { PlanSummary } from '../../pipeline/procedures/plan.ts';
import { resetPlanSchema } from '../../pipeline/reset/plan.ts';
import type { ResetPlan } from '../../pipeline/reset/plan.ts';
import { resetRequestSchema } from '../../pipeline/reset/request.ts';
import type { ParsedResetRequest, ResetRequest } from '../../pipeline/reset/request.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { LATE, MONDAY, NOW, TUESDAY } from '../support/data/published-world.ts';
import { publishedWorld } from '../support/suites/storage.ts';

describe('a reset of the processing state', () => {
  const suite = publishedWorld();
  let activities: ResetActivities;

  beforeEach(() => {
    activities = createResetActivities({
      systems: suite.world.worker,
      openRuns: () => Promise.resolve([{ workflowId: 'stuck', runId: 'r' }]),
      runningSchedules: () => Promise.resolve(['daily']),
    });
  });

  const requestOf = (given: Partial<ResetRequest>): ParsedResetRequest =>
    resetRequestSchema.parse({ by: 'ada', reason: 'drill', ...given });

  async function plan(
    given: Partial<ResetRequest>,
    context: RunContext = suite.world.context,
  ): Promise<ResetPlan & { summary: PlanSummary }> {
    const summary = await suite.world.run(activities.planReset, context, {
      request: requestOf(given),
      now: NOW,
    });
    return { ...resetPlanSchema.parse(await suite.world.json(summary.key)), summary };
  }

  async function reset(
    given: Partial<ResetRequest>,
    context: RunContext = suite.world.context,
  ): Promise<unknown> {
    const { digest } = (await plan(given, context)).summary;
    await suite.world.run(activities.takeSnapshot, context, { digest, now: NOW });
    const again = { digest, request: requestOf(given) };
    await suite.world.run(activities.resetState, context, again);
    return await suite.world.run(activities.resetState, context, again);
  }

  const file = async (id: string): Promise<unknown> => await suite.world.json(layout.file(id));

  it('frees what ended runs have claimed, and leaves everything else', async () => {
    const found = await plan({ claims: true });
    expect(found.claims.map(({ kind, key, run }) => [kind, key, run])).toEqual([
      ['file', 'streams/late.csv', 'ended-00000002'],
      ['key', 'streams/late.csv', 'ended-00000002'],
    ]);
    expect(found).toMatchObject({ returns: [], stops: [{ workflowId: 'stuck' }], schedules: ['daily'] });
    expect(found.summary.lines).toContain('run stuck is stopped, its Glue run included');

    const processed = await file(suite.world.idOf('monday.csv'));
    expect(await reset({ claims: true })).toEqual({ freed: 2, inputs: [], dates: [] });
    expect(await file(LATE.id)).toMatchObject({ state: 'refused' });
    expect(await suite.world.json(keyRecordOf('streams/late.csv'))).not.toHaveProperty('pending');
    expect(await file(suite.world.idOf('monday.csv'))).toEqual(processed);
    expect(await suite.world.read('streams/late.csv')).toBeDefined();
  });

  it('delivers the inputs of named days again, marked to replace what they brought', async () => {
    const { returns, before, summary } = await plan({ dates: [MONDAY] });
    expect(returns.map(({ key }) => key).sort()).toEqual([
      'streams/across.csv',
      'streams/monday.csv',
      'streams/tuesday.csv',
    ]);
    expect(before.map(({ day }) => day)).toEqual([MONDAY, TUESDAY]);
    expect(summary).toMatchObject({ days: 2, runs: 1 });
    const manifest = await suite.world.json(layout.manifest('plays', MONDAY));
    expect(await reset({ dates: [MONDAY] })).toMatchObject({
      inputs: [expect.arrayContaining(['streams/monday.csv'])],
    });
    expect(await file(suite.world.idOf('monday.csv'))).toMatchObject({ state: 'due' });
    expect(await suite.world.read('streams/monday.csv')).toEqual(
      await suite.world.read(suite.world.archived('monday.csv')),
    );
    expect(await suite.world.json(layout.manifest('plays', MONDAY))).toEqual(manifest);
  });

  it('knows which of the inputs that it delivered again no run has processed', async () => {
    const { digest } = (await plan({ dates: [MONDAY] })).summary;
    await reset({ dates: [MONDAY] });
    const id = suite.world.idOf('monday.csv');
    await suite.world.put(layout.file(id), JSON.stringify({ ...Object(await file(id)), state: 'done' }));
    const due = await suite.world.run(activities.findDueInputs, suite.world.context, { digest });
    expect(due.inputs.flat().sort()).toEqual(['streams/across.csv', 'streams/tuesday.csv']);
  });

  it('names a day whose inputs are gone, and does not touch it', async () => {
    await suite.world.destroy(suite.world.archived('across.csv'));
    await suite.world.destroy('streams/across.csv');
    const { returns, lost } = await plan({ dates: [TUESDAY] });
    expect(returns).toEqual([]);
    expect(lost.map(({ what }) => what)).toContain(`plays of ${TUESDAY}`);
  });

  it('makes the same plan of the same world in every procedure', async () => {
    const other = {
      ...suite.world.context,
      owner: { ...suite.world.context.owner, run: 'another-procedure' },
    };
    const { digest } = (await plan({ all: true })).summary;
    expect((await plan({ all: true }, other)).summary.digest).toBe(digest);
  });

  it('keeps a snapshot, by which it is undone where nothing was built on it', async () => {
    const late = await file(LATE.id);
    const monday = await file(suite.world.idOf('monday.csv'));
    const tuesday = await file(suite.world.idOf('tuesday.csv'));
    await reset({ all: true });
    // A run has processed one of the files since.
    await suite.world.put(
      layout.file(suite.world.idOf('tuesday.csv')),
      JSON.stringify({ ...Object(tuesday), claimedAt: NOW }),
    );

    const undoing = { ...suite.world.context, owner: { ...suite.world.context.owner, run: 'undoing' } };
    const { undo } = await plan({ undo: suite.world.context.owner.run }, undoing);
    expect(undo?.changed).toEqual([layout.file(suite.world.idOf('tuesday.csv'))]);
    await reset({ undo: suite.world.context.owner.run }, undoing);
    expect(await file(LATE.id)).toEqual(late);
    expect(await file(suite.world.idOf('monday.csv'))).toEqual(monday);
    expect(await suite.world.read('streams/monday.csv')).toBeUndefined();
    expect(await suite.world.read('streams/late.csv')).toBeDefined();
    const nothing = plan({ undo: 'never-was' }, undoing);
    await expect(nothing).rejects.toMatchObject({ type: 'RecoveryImpossible' });
  });

  /** Publishes the day again, as a run would with these sources. */
  async function edition(day: string, number: number, run: string, ...more: object[]): Promise<void> {
    const key = layout.manifest('plays', day);
    const before = playsManifestSchema.parse(await suite.world.json(key));
    const after = { ...before, edition: number, run, sources: [...before.sources, ...more] };
    await suite.world.put(key, JSON.stringify(after));
  }

  it('goes back on an edition that the reset made, and leaves one in which a later file counts', async () => {
    const { run } = suite.world.context.owner;
    await reset({ dates: [MONDAY] });
    await edition(MONDAY, 2, `${run}-inputs-1-1-abcdef012345`);
    await edition(TUESDAY, 2, `${run}-inputs-1-1-abcdef012345`);
    await edition(MONDAY, 3, 'daily-00000003', { ...LATE, run: 'daily-00000003', rows: 9 });

    const undoing = { ...suite.world.context, owner: { ...suite.world.context.owner, run: 'undoing' } };
    const monday = layout.manifest('plays', MONDAY);
    const { undo, summary } = await plan({ undo: run }, undoing);
    expect(undo?.rollbacks).toMatchObject([{ day: TUESDAY, edition: 1, current: 2 }]);
    expect(summary.lines).toContain(`${monday} has changed since and is left alone`);
    await reset({ undo: run }, undoing);
    expect(await suite.world.json(layout.manifest('plays', TUESDAY))).toMatchObject({
      edition: 3,
      run: 'undoing',
    });
    expect(await suite.world.json(monday)).toMatchObject({
      edition: 3,
      sources: expect.arrayContaining([expect.objectContaining(LATE)]),
    });
  });

  it('leaves a day alone in which a run of the reset itself has counted new files', async () => {
    const { run } = suite.world.context.owner;
    await reset({ all: true });
    const first = `${run}-first-2-1-abcdef012345`;
    await edition(MONDAY, 2, first, { ...LATE, run: first, rows: 9 });
    const undoing = { ...suite.world.context, owner: { ...suite.world.context.owner, run: 'undoing' } };
    const { undo } = await plan({ undo: run }, undoing);
    expect(undo).toMatchObject({ rollbacks: [], changed: [layout.manifest('plays', MONDAY)] });
  });

  it('is undone as far as it came when it stopped half-way', async () => {
    const { returns, summary } = await plan({ dates: [MONDAY] });
    const before = await Promise.all(returns.map(async ({ id }) => await file(id)));
    await suite.world.put(returns[1]?.key ?? '', 'another delivery');
    await suite.world.run(activities.takeSnapshot, suite.world.context, { digest: summary.digest, now: NOW });
    const half = { digest: summary.digest, request: requestOf({ dates: [MONDAY] }) };
    await expect(suite.world.run(activities.resetState, suite.world.context, half)).rejects.toMatchObject({
      type: 'PlanOutdated',
    });
    expect(await file(returns[0]?.id ?? '')).toMatchObject({ state: 'due' });

    const undoing = { ...suite.world.context, owner: { ...suite.world.context.owner, run: 'undoing' } };
    const { undo } = await plan({ undo: suite.world.context.owner.run }, undoing);
    expect(undo?.records.map(({ key }) => key)).toEqual(returns.slice(0, 2).map(({ id }) => layout.file(id)));
    await reset({ undo: suite.world.context.owner.run }, undoing);
    expect(await Promise.all(returns.map(async ({ id }) => await file(id)))).toEqual(before);
    expect(await suite.world.read(returns[0]?.key ?? '')).toBeUndefined();
    expect((await suite.world.read(returns[1]?.key ?? ''))?.toString()).toBe('another delivery');
  });
});
