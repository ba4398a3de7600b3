/**
 * Corruption drills without runs: each kind of data damaged in each way is found, restored from a version that is right,
 * or planned to be made again, or named as lost when every copy is gone. The storage is real, the data a few bytes.
 */
import { describe, expect, it } from '@jest/globals';
import { keyRecordOf } from '../../activities/storage/claims.ts';
import { layout } from '../../pipeline/layout.ts';
import type { RecoveryRequest } from '../../pipeline/recovery/request.ts';
import { itemsOf, MONDAY, RUN, TUESDAY } from '../support/data/published-world.ts';
import type { PublishedWorld } from '../support/data/published-world.ts';
import { recoveryDrill } from '../support/suites/storage.ts';

describe('damaged data', () => {
  const suite = recoveryDrill();

  const nothing = { documents: [], restores: [], returns: [], recompute: [], lost: [] };

  it('finds nothing in data that is right', async () => {
    const { summary, ...found } = await suite.drill.plan();
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
    const damaged = key(suite.world);
    const right = await suite.world.read(damaged);
    await act(suite.world, damaged);
    const isReplaced = layer === 'raw' && problem !== 'missing';
    const asked = isReplaced ? { files: [damaged] } : { find: true as const };
    const found = await suite.drill.plan(asked);
    expect(found.restores).toMatchObject([
      { layer, key: damaged, problem: isReplaced ? 'replaced' : problem },
    ]);
    expect(found.lost).toEqual([]);
    await suite.drill.restore(asked);
    expect(await suite.world.read(damaged)).toEqual(right);
    expect((await suite.drill.plan()).summary).toMatchObject({ empty: true, lost: 0 });
    const aside = await suite.world.read(layout.quarantined(suite.world.context.owner.run, damaged));
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
    const [one, other] = of(suite.world);
    const right = [await suite.world.read(one), await suite.world.read(other)];
    await suite.world.swap(one, other);
    expect((await suite.drill.plan()).restores.map(({ key }) => key).sort()).toEqual([one, other].sort());
    await suite.drill.restore();
    expect([await suite.world.read(one), await suite.world.read(other)]).toEqual(right);
  });

  it('restores manifests and records that are deleted or can’t be read', async () => {
    const keys = [
      layout.manifest('plays', MONDAY),
      layout.manifest('kpis', TUESDAY),
      layout.file(suite.world.idOf('monday.csv')),
      suite.world.archiveRecord(suite.world.idOf('tuesday.csv')),
      keyRecordOf('streams/monday.csv'),
      keyRecordOf('streams/tuesday.csv'),
      layout.runRecord('ended-00000002', 'inputs'),
    ];
    const right = await Promise.all(keys.map((key) => suite.world.json(key)));
    await suite.world.delete(keys[0] ?? '');
    await suite.world.put(keys[1] ?? '', '{"version": 1,');
    await suite.world.put(keys[2] ?? '', '{"version": 2}');
    await suite.world.put(keys[3] ?? '', '{}');
    await suite.world.delete(keys[4] ?? '');
    await suite.world.put(keys[5] ?? '', 'not JSON');
    await suite.world.put(keys[6] ?? '', 'not JSON');
    const found = await suite.drill.plan();
    expect(found.documents.map(({ key }) => key).sort()).toEqual([...keys].sort());
    expect(found).toMatchObject({ restores: [], returns: [], recompute: [], lost: [] });
    await suite.drill.restore();
    expect(await Promise.all(keys.map((key) => suite.world.json(key)))).toEqual(right);
    expect((await suite.drill.plan()).summary.empty).toBe(true);
  });

  it('takes an archived file from where else its bytes are, and names it as lost when they are nowhere', async () => {
    const archived = suite.world.archived('monday.csv');
    await suite.world.destroy(archived);
    expect((await suite.drill.plan()).restores).toMatchObject([
      { key: archived, from: { key: 'streams/monday.csv' } },
    ]);
    await suite.world.destroy('streams/monday.csv');
    const { lost, summary } = await suite.drill.plan();
    expect(lost).toMatchObject([{ layer: 'archived', what: archived }]);
    expect(summary).toMatchObject({ empty: true, lost: 1 });
    expect(summary.lines[0]).toContain('LOST');
  });

  it('computes KPIs again of which every copy is gone', async () => {
    await suite.world.destroy(suite.world.kpis(MONDAY));
    const found = await suite.drill.plan();
    expect(found).toMatchObject({ ...nothing, recompute: [MONDAY] });
    expect(found.before).toMatchObject([{ day: MONDAY, kpis: { digest: 'd1', plays: 10 } }]);
  });

  it('makes plays again of which every copy is gone, with all files of their part and the days of these', async () => {
    await suite.world.destroy(suite.world.validated(MONDAY));
    const { returns, recompute, lost, before } = await suite.drill.plan();
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
    await suite.world.destroy(suite.world.validated(MONDAY));
    await suite.world.destroy(suite.world.archived('monday.csv'));
    await suite.world.destroy('streams/monday.csv');
    const { returns, recompute, lost } = await suite.drill.plan();
    expect({ returns, recompute }).toEqual({ returns: [], recompute: [] });
    expect(lost.map(({ what }) => what)).toContain(`plays of ${MONDAY}`);
    expect(lost.map(({ what }) => what)).toContain(suite.world.archived('monday.csv'));
  });

  it('finds items that are changed, deleted or too many in the table', async () => {
    const [count] = itemsOf(MONDAY);
    await suite.world.putItem({ ...count, value: 11 });
    await suite.world.deleteItem(`hourly_listen_count#${TUESDAY}#hour=3`);
    await suite.world.putItem({ ...count, id: `daily_listen_count#${TUESDAY}#x`, date: TUESDAY });
    const found = await suite.drill.plan();
    expect(found).toMatchObject({ ...nothing, recompute: [MONDAY, TUESDAY] });
    expect(await suite.drill.evidenceOf(TUESDAY)).toMatchObject({
      table: { missing: 1, changed: 0, surplus: 1 },
    });
    expect(await suite.drill.evidenceOf(MONDAY)).toMatchObject({
      table: { missing: 0, changed: 1, surplus: 0 },
    });
  });

  it('leaves alone what a run that is at work owns, and what it is told to', async () => {
    await suite.world.put('streams/late.csv', 'a newer delivery');
    suite.drill.open = ['ended-00000002'];
    expect((await suite.drill.plan()).summary.empty).toBe(true);
    suite.drill.open = [RUN, 'ended-00000002'];
    await suite.world.destroy(layout.manifest('kpis', TUESDAY));
    const { left, summary } = await suite.drill.plan();
    expect(summary.empty).toBe(true);
    expect(left).toEqual([
      expect.stringMatching(`KPIs of ${TUESDAY}.* run ${RUN} is open`),
      expect.stringMatching(`items of ${MONDAY}.* not compared while run ${RUN}`),
    ]);
  });

  it('looks only at what it is asked for', async () => {
    await suite.world.flip(suite.world.kpis(MONDAY));
    await suite.world.flip(suite.world.kpis(TUESDAY));
    const keysOf = async (given: Partial<RecoveryRequest>): Promise<string[]> =>
      (await suite.drill.plan(given)).restores.map(({ key }) => key);
    expect(await keysOf({ dates: [TUESDAY] })).toEqual([suite.world.kpis(TUESDAY)]);
    expect(await keysOf({ files: ['monday.csv'] })).toEqual([suite.world.kpis(MONDAY)]);
    expect(await keysOf({ files: [suite.world.idOf('tuesday.csv')] })).toEqual([suite.world.kpis(TUESDAY)]);
    await expect(suite.drill.plan({ files: ['nobody-knows.csv'] })).rejects.toMatchObject({
      type: 'RecoveryImpossible',
    });
    await expect(suite.drill.plan({ runOf: 'nobody-knows' })).rejects.toMatchObject({
      type: 'RecoveryImpossible',
    });
  });

  it('makes the same plan of the same world in every procedure, and another one of another', async () => {
    await suite.world.flip(suite.world.kpis(MONDAY));
    const first = (await suite.drill.plan()).summary.digest;
    expect((await suite.drill.plan()).summary.digest).toBe(first);
    expect((await suite.drill.plan({ find: true }, 'another-procedure')).summary.digest).toBe(first);
    await suite.world.flip(suite.world.archived('monday.csv'));
    expect((await suite.drill.plan()).summary.digest).not.toBe(first);
  });

  it('never overwrites an object that has become right, and refuses a plan that was not agreed on', async () => {
    const key = suite.world.kpis(MONDAY);
    const right = await suite.world.read(key);
    await suite.world.flip(key);
    const { digest } = (await suite.drill.plan()).summary;
    await suite.world.put(key, right ?? '');
    const restored = await suite.world.run(suite.drill.activities.restoreObjects, suite.world.context, {
      digest,
    });
    expect(restored).toEqual({ restored: 0, good: 1, quarantined: 0 });
    const other = suite.world.run(suite.drill.activities.restoreObjects, suite.world.context, {
      digest: 'f'.repeat(64),
    });
    await expect(other).rejects.toMatchObject({ type: 'PlanOutdated' });
  });
});
