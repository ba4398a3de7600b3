/**
 * Corruption drills without runs: each kind of data damaged in each way is found, restored from a version that is right,
 * or planned to be made again, or named as lost when every copy is gone. The storage is real, the data a few bytes.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { keyRecordOf } from '../../activities/storage/claims.ts';
import { layout } from '../../pipeline/layout.ts';
import type { RecoveryRequest } from '../../pipeline/recovery/request.ts';
import { startMiniStack } from '../local-glue/support/ministack.ts';
import type { MiniStack } from '../local-glue/support/ministack.ts';
import { installedToolchain } from '../local-glue/support/toolchain.ts';
import { itemsOf, MONDAY, RUN, TUESDAY } from '../support/published-world.ts';
import type { PublishedWorld } from '../support/published-world.ts';
import { RecoveryDrill } from '../support/recovery-drill.ts';

// A plan asks the storage a few hundred times: two seconds, and ten times that on a busy machine.
jest.setTimeout(60_000);

const toolchain = installedToolchain();
const suite = toolchain === undefined ? describe.skip : describe;

suite('damaged data', () => {
  let ministack: MiniStack;
  let drill: RecoveryDrill;
  let world: PublishedWorld;

  beforeAll(async () => {
    ministack = await startMiniStack(toolchain?.ministack ?? '');
  }, 60_000);
  afterAll(async () => {
    await ministack.close();
  });
  beforeEach(async () => {
    drill = await RecoveryDrill.make(ministack.endpoint);
    world = drill.world;
  }, 30_000);
  afterEach(() => {
    world.close();
  });

  const nothing = { documents: [], restores: [], returns: [], recompute: [], lost: [] };

  it('finds nothing in data that is right', async () => {
    const { summary, ...found } = await drill.plan();
    expect(found).toMatchObject(nothing);
    expect(summary).toMatchObject({ empty: true, objects: 0, lost: 0 });
  });

  const objects: [layer: string, key: (at: PublishedWorld) => string][] = [
    ['raw', () => 'streams/late.csv'],
    ['archived', (at) => at.archived('monday.csv')],
    ['validated', (at) => at.validated(MONDAY)],
    ['kpi', (at) => at.kpis(MONDAY)],
  ];
  const damages: [how: string, problem: string, act: (at: PublishedWorld, key: string) => Promise<void>][] = [
    ['flipped', 'wrong digest', (at, key) => at.flip(key)],
    ['deleted', 'missing', (at, key) => at.delete(key)],
    ['truncated', 'wrong size', (at, key) => at.truncate(key)],
  ];
  const cases = objects.flatMap(([layer, key]) =>
    damages.map(([how, problem, act]) => ({ layer, key, how, problem, act })),
  );

  it.each(cases)('restores $layer data that was $how', async ({ layer, key, problem, act }) => {
    const damaged = key(world);
    const right = await world.read(damaged);
    await act(world, damaged);
    const isReplaced = layer === 'raw' && problem !== 'missing';
    const asked = isReplaced ? { files: [damaged] } : { find: true as const };
    const found = await drill.plan(asked);
    expect(found.restores).toMatchObject([
      { layer, key: damaged, problem: isReplaced ? 'replaced' : problem },
    ]);
    expect(found.lost).toEqual([]);
    await drill.restore(asked);
    expect(await world.read(damaged)).toEqual(right);
    expect((await drill.plan()).summary).toMatchObject({ empty: true, lost: 0 });
    const aside = await world.read(layout.quarantined(world.context.owner.run, damaged));
    expect(aside === undefined).toBe(problem === 'missing');
  });

  it.each([
    [
      'archived files',
      (at: PublishedWorld) => [at.archived('monday.csv'), at.archived('tuesday.csv')] as const,
    ],
    ['validated plays', (at: PublishedWorld) => [at.validated(MONDAY), at.validated(TUESDAY)] as const],
    ['KPI files', (at: PublishedWorld) => [at.kpis(MONDAY), at.kpis(TUESDAY)] as const],
  ])('restores %s that were swapped', async (_what, of) => {
    const [one, other] = of(world);
    const right = [await world.read(one), await world.read(other)];
    await world.swap(one, other);
    expect((await drill.plan()).restores.map(({ key }) => key).sort()).toEqual([one, other].sort());
    await drill.restore();
    expect([await world.read(one), await world.read(other)]).toEqual(right);
  });

  it('restores manifests and records that are deleted or can’t be read', async () => {
    const keys = [
      layout.manifest('plays', MONDAY),
      layout.manifest('kpis', TUESDAY),
      layout.file(world.idOf('monday.csv')),
      world.archiveRecord(world.idOf('tuesday.csv')),
      keyRecordOf('streams/monday.csv'),
      keyRecordOf('streams/tuesday.csv'),
      layout.runRecord('ended-00000002', 'inputs'),
    ];
    const right = await Promise.all(keys.map((key) => world.json(key)));
    await world.delete(keys[0] ?? '');
    await world.put(keys[1] ?? '', '{"version": 1,');
    await world.put(keys[2] ?? '', '{"version": 2}');
    await world.put(keys[3] ?? '', '{}');
    await world.delete(keys[4] ?? '');
    await world.put(keys[5] ?? '', 'not JSON');
    await world.put(keys[6] ?? '', 'not JSON');
    const found = await drill.plan();
    expect(found.documents.map(({ key }) => key).sort()).toEqual([...keys].sort());
    expect(found).toMatchObject({ restores: [], returns: [], recompute: [], lost: [] });
    await drill.restore();
    expect(await Promise.all(keys.map((key) => world.json(key)))).toEqual(right);
    expect((await drill.plan()).summary.empty).toBe(true);
  });

  it('takes an archived file from where else its bytes are, and names it as lost when they are nowhere', async () => {
    const archived = world.archived('monday.csv');
    await world.destroy(archived);
    expect((await drill.plan()).restores).toMatchObject([
      { key: archived, from: { key: 'streams/monday.csv' } },
    ]);
    await world.destroy('streams/monday.csv');
    const { lost, summary } = await drill.plan();
    expect(lost).toMatchObject([{ layer: 'archived', what: archived }]);
    expect(summary).toMatchObject({ empty: true, lost: 1 });
    expect(summary.lines[0]).toContain('LOST');
  });

  it('computes KPIs again of which every copy is gone', async () => {
    await world.destroy(world.kpis(MONDAY));
    const found = await drill.plan();
    expect(found).toMatchObject({ ...nothing, recompute: [MONDAY] });
    expect(found.before).toMatchObject([{ day: MONDAY, kpis: { digest: 'd1', plays: 10 } }]);
  });

  it('makes plays again of which every copy is gone, with all files of their part and the days of these', async () => {
    await world.destroy(world.validated(MONDAY));
    const { returns, recompute, lost, before } = await drill.plan();
    expect(returns.map(({ key }) => key).sort()).toEqual([
      'streams/across.csv',
      'streams/monday.csv',
      'streams/tuesday.csv',
    ]);
    expect(returns.find(({ key }) => key === 'streams/across.csv')?.days).toEqual([MONDAY, TUESDAY]);
    expect({ recompute, lost }).toEqual({ recompute: [], lost: [] });
    expect(before.map(({ day }) => day)).toEqual([MONDAY, TUESDAY]);
  });

  it('names a day as lost when an input of its lost plays is gone as well, and leaves it as it is published', async () => {
    await world.destroy(world.validated(MONDAY));
    await world.destroy(world.archived('monday.csv'));
    await world.destroy('streams/monday.csv');
    const { returns, recompute, lost } = await drill.plan();
    expect({ returns, recompute }).toEqual({ returns: [], recompute: [] });
    expect(lost.map(({ what }) => what)).toContain(`plays of ${MONDAY}`);
    expect(lost.map(({ what }) => what)).toContain(world.archived('monday.csv'));
  });

  it('finds items that are changed, deleted or too many in the table', async () => {
    const [count] = itemsOf(MONDAY);
    await world.putItem({ ...count, value: 11 });
    await world.deleteItem(`hourly_listen_count#${TUESDAY}#hour=3`);
    await world.putItem({ ...count, id: `daily_listen_count#${TUESDAY}#x`, date: TUESDAY });
    const found = await drill.plan();
    expect(found).toMatchObject({ ...nothing, recompute: [MONDAY, TUESDAY] });
    expect(await drill.evidenceOf(TUESDAY)).toMatchObject({ table: { missing: 1, changed: 0, surplus: 1 } });
    expect(await drill.evidenceOf(MONDAY)).toMatchObject({ table: { missing: 0, changed: 1, surplus: 0 } });
  });

  it('leaves alone what a run that is at work owns, and what it is told to', async () => {
    await world.put('streams/late.csv', 'a newer delivery');
    drill.open = ['ended-00000002'];
    expect((await drill.plan()).summary.empty).toBe(true);
    drill.open = [RUN, 'ended-00000002'];
    await world.destroy(layout.manifest('kpis', TUESDAY));
    const { left, summary } = await drill.plan();
    expect(summary.empty).toBe(true);
    expect(left).toEqual([
      expect.stringMatching(`KPIs of ${TUESDAY}.* run ${RUN} is open`),
      expect.stringMatching(`items of ${MONDAY}.* not compared while run ${RUN}`),
    ]);
  });

  it('looks only at what it is asked for', async () => {
    await world.flip(world.kpis(MONDAY));
    await world.flip(world.kpis(TUESDAY));
    const keysOf = async (given: Partial<RecoveryRequest>): Promise<string[]> =>
      (await drill.plan(given)).restores.map(({ key }) => key);
    expect(await keysOf({ dates: [TUESDAY] })).toEqual([world.kpis(TUESDAY)]);
    expect(await keysOf({ files: ['monday.csv'] })).toEqual([world.kpis(MONDAY)]);
    expect(await keysOf({ files: [world.idOf('tuesday.csv')] })).toEqual([world.kpis(TUESDAY)]);
    await expect(drill.plan({ files: ['nobody-knows.csv'] })).rejects.toMatchObject({
      type: 'RecoveryImpossible',
    });
    await expect(drill.plan({ runOf: 'nobody-knows' })).rejects.toMatchObject({ type: 'RecoveryImpossible' });
  });

  it('makes the same plan of the same world in every procedure, and another one of another', async () => {
    await world.flip(world.kpis(MONDAY));
    const first = (await drill.plan()).summary.digest;
    expect((await drill.plan()).summary.digest).toBe(first);
    expect((await drill.plan({ find: true }, 'another-procedure')).summary.digest).toBe(first);
    await world.flip(world.archived('monday.csv'));
    expect((await drill.plan()).summary.digest).not.toBe(first);
  });

  it('never overwrites an object that has become right, and refuses a plan that was not agreed on', async () => {
    const key = world.kpis(MONDAY);
    const right = await world.read(key);
    await world.flip(key);
    const { digest } = (await drill.plan()).summary;
    await world.put(key, right ?? '');
    const restored = await world.run(drill.activities.restoreObjects, world.context, { digest });
    expect(restored).toEqual({ restored: 0, good: 1, quarantined: 0 });
    const other = world.run(drill.activities.restoreObjects, world.context, { digest: 'f'.repeat(64) });
    await expect(other).rejects.toMatchObject({ type: 'PlanOutdated' });
  });
});
