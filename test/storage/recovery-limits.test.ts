/**
 * What a look at damaged data must not pass over: documents that belong elsewhere or are gone in every version, things
 * that the request or a newer delivery keeps it from touching, and damage beside damage.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { keyRecordOf } from '../../activities/storage/claims.ts';
import { layout } from '../../pipeline/layout.ts';
import { startMiniStack } from '../local-glue/support/ministack.ts';
import type { MiniStack } from '../local-glue/support/ministack.ts';
import { installedToolchain } from '../local-glue/support/toolchain.ts';
import { itemsOf, LATE, MONDAY, TUESDAY } from '../support/published-world.ts';
import type { PublishedWorld } from '../support/published-world.ts';
import { RecoveryDrill } from '../support/recovery-drill.ts';

// A plan asks the storage a few hundred times: two seconds, and ten times that on a busy machine.
jest.setTimeout(60_000);

const toolchain = installedToolchain();
const suite = toolchain === undefined ? describe.skip : describe;

suite('what a recovery can or may not repair', () => {
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

  it('leaves a newer delivery under the key of a claimed file, names it, and overwrites it when told to', async () => {
    await world.put(LATE.key, 'a correction');
    const found = await drill.plan();
    expect(found.summary).toMatchObject({ empty: true, lost: 0 });
    expect(found.summary.lines).toEqual([
      expect.stringMatching(/^left as it is: streams\/late.csv: other bytes/),
    ]);
    expect((await drill.plan({ files: [LATE.key] })).restores).toMatchObject([{ problem: 'replaced' }]);
    await expect(drill.plan({ files: [LATE.key], except: [LATE.key] })).resolves.toMatchObject({
      restores: [],
    });
  });

  it('does not bring back what an ended run had claimed when a later version of the key counts', async () => {
    const later = world.idOf('tuesday.csv');
    const record = (await world.json(layout.file(later))) as object;
    await world.put(layout.file(later), JSON.stringify({ ...record, claimedAt: '2024-07-03T01:00:00Z' }));
    await world.put(keyRecordOf(LATE.key), JSON.stringify({ version: 1, key: LATE.key, fileId: later }));
    await world.delete(LATE.key);
    expect((await drill.plan()).summary).toMatchObject({ empty: true, lost: 0 });
  });

  it.each(['due', 'refused', 'claimed'])('brings back the original of a file that is %s', async (state) => {
    const record = (await world.json(layout.file(LATE.id))) as object;
    await world.put(layout.file(LATE.id), JSON.stringify({ ...record, state }));
    await world.destroy(layout.runRecord('ended-00000002', 'inputs'));
    await world.delete(LATE.key);
    expect((await drill.plan()).restores).toMatchObject([
      { layer: 'raw', key: LATE.key, problem: 'missing' },
    ]);
    await world.destroy(LATE.key);
    expect((await drill.plan()).lost).toMatchObject([{ layer: 'raw', what: LATE.key }]);
  });

  it('names a manifest as lost of which no version is left, with what can only be had from it', async () => {
    const key = layout.manifest('plays', MONDAY);
    await world.destroy(key);
    for (const given of [{ find: true as const }, { dates: [MONDAY] }]) {
      const { lost, summary } = await drill.plan(given);
      expect(lost).toMatchObject([{ layer: 'record', what: key }]);
      expect(summary).toMatchObject({ empty: true, lost: 1 });
    }
    await world.destroy(world.kpis(MONDAY));
    await world.deleteItem(`daily_listen_count#${MONDAY}#all`);
    expect((await drill.plan()).lost.map(({ what }) => what)).toEqual([key, `KPIs of ${MONDAY}`]);
    expect(await drill.verify({ find: true })).toMatchObject({ remaining: 0, lost: 2 });
  });

  it('names records as lost of which no version is left although something counts by them', async () => {
    const record = layout.file(world.idOf('monday.csv'));
    const key = keyRecordOf('streams/tuesday.csv');
    await world.destroy(record);
    await world.destroy(key);
    expect((await drill.plan()).lost.map(({ what }) => what)).toEqual([record, key].sort());
    expect((await drill.plan({ dates: [MONDAY] })).lost.map(({ what }) => what)).toEqual([record]);
  });

  it('restores manifests and records that stand under the keys of others', async () => {
    const pairs = [
      [layout.manifest('plays', MONDAY), layout.manifest('plays', TUESDAY)],
      [layout.manifest('kpis', MONDAY), layout.manifest('kpis', TUESDAY)],
      [layout.file(world.idOf('monday.csv')), layout.file(world.idOf('tuesday.csv'))],
      [keyRecordOf('streams/monday.csv'), keyRecordOf('streams/tuesday.csv')],
    ] as const;
    const keys = pairs.flat();
    const right = await Promise.all(keys.map((key) => world.json(key)));
    for (const [one, other] of pairs) await world.swap(one, other);
    expect((await drill.plan()).documents.map(({ key }) => key)).toEqual([...keys].sort());
    await drill.restore();
    expect(await Promise.all(keys.map((key) => world.json(key)))).toEqual(right);
    expect((await drill.plan()).summary.empty).toBe(true);
  });

  it('brings back the plays that a run began anew after their manifest was deleted, and makes its own count in them', async () => {
    const key = layout.manifest('plays', MONDAY);
    const kpis = layout.manifest('kpis', MONDAY);
    const manifest = (await world.json(key)) as object;
    const seventh = { ...manifest, edition: 7 };
    await world.put(key, JSON.stringify(seventh));
    await world.put(kpis, JSON.stringify({ ...((await world.json(kpis)) as object), edition: 7 }));
    await world.delete(key);
    const source = { id: LATE.id, key: LATE.key, run: 'next', rows: 3 };
    await world.put(key, JSON.stringify({ ...manifest, sources: [source], parts: [] }));
    const late = (await world.json(layout.file(LATE.id))) as object;
    await world.put(layout.file(LATE.id), JSON.stringify({ ...late, state: 'done', days: [MONDAY] }));

    const found = await drill.plan();
    expect(found.documents).toMatchObject([{ kind: 'plays', key, older: 1 }]);
    expect(found).toMatchObject({ returns: [{ key: LATE.key, days: [MONDAY] }], recompute: [], lost: [] });
    await drill.restore();
    expect(await world.json(key)).toEqual(seventh);
    expect(await world.read(layout.quarantined(world.context.owner.run, key))).toBeDefined();

    await world.delete(key);
    await world.put(key, JSON.stringify({ ...manifest, sources: [source], parts: [] }));
    await world.destroy(layout.file(LATE.id));
    expect((await drill.plan()).lost.map(({ what }) => what)).toEqual([
      layout.file(LATE.id),
      `plays of ${MONDAY}`,
    ]);

    await world.destroy(key);
    await world.put(key, JSON.stringify({ ...manifest, sources: [], parts: [] }));
    expect((await drill.plan()).lost).toMatchObject([
      { what: key, because: expect.stringContaining('edition 1') },
    ]);
  });

  it('goes on where one document of an old run can’t be read, and names it', async () => {
    const inputs = layout.runRecord('ended-00000002', 'inputs');
    await world.destroy(inputs);
    await world.put(inputs, 'not JSON');
    await world.flip(world.kpis(MONDAY));
    const { restores, lost } = await drill.plan();
    expect(restores).toMatchObject([{ key: world.kpis(MONDAY) }]);
    expect(lost).toMatchObject([{ layer: 'record', what: inputs }]);
  });

  it('takes no original for missing that its run archives during the look', async () => {
    const [run] = (drill.open = ['ended-00000002']);
    drill.meanwhile.closedRuns = async () => {
      const archivedAs = layout.archived(run ?? '', MONDAY, LATE.key);
      await world.put(archivedAs, (await world.read(LATE.key)) ?? '');
      const record = (await world.json(layout.file(LATE.id))) as object;
      await world.put(layout.file(LATE.id), JSON.stringify({ ...record, state: 'done', archivedAs }));
      await world.delete(LATE.key);
    };
    expect((await drill.plan({ files: [LATE.key] })).summary).toMatchObject({ empty: true, lost: 0 });
  });

  it('takes no items for wrong that a run which has begun during the look is loading', async () => {
    drill.meanwhile.openRuns = async () => {
      drill.open = ['next-00000003'];
      await world.publishAgain(MONDAY, 2);
      for (const kind of ['plays', 'kpis'] as const) {
        const manifest = (await world.json(layout.manifest(kind, MONDAY))) as object;
        await world.put(layout.manifest(kind, MONDAY), JSON.stringify({ ...manifest, run: 'next-00000003' }));
      }
      await world.putItem({ ...itemsOf(MONDAY)[0], value: 11 });
    };
    const { summary } = await drill.plan({ dates: [MONDAY] });
    expect(summary).toMatchObject({ empty: true, lost: 0 });
    expect(summary.lines).toEqual([
      expect.stringMatching(`items of ${MONDAY} in the table: not compared while run next-00000003`),
    ]);
    drill.open = [];
    expect((await drill.plan({ dates: [MONDAY] })).recompute).toEqual([MONDAY]);
  });

  it('finds items of days that have no manifest', async () => {
    const [count] = itemsOf(MONDAY);
    const stray = '2024-07-09';
    await world.putItem({ ...count, id: `daily_listen_count#${stray}#all`, date: stray });
    expect((await drill.plan()).lost).toMatchObject([
      { layer: 'table', what: `items of ${stray} in the table` },
    ]);
  });

  it('says of a day that it knows nothing of it', async () => {
    const { summary } = await drill.plan({ dates: ['2031-01-01'] });
    expect(summary.empty).toBe(true);
    expect(summary.lines).toEqual([expect.stringContaining('2031-01-01: nothing is known of it')]);
  });

  it('finds what differs in the table of a day of which a KPI file is damaged as well', async () => {
    await world.flip(world.kpis(MONDAY));
    const [count] = itemsOf(MONDAY);
    await world.putItem({ ...count, value: 11 });
    const { restores, recompute } = await drill.plan();
    expect(restores).toMatchObject([{ layer: 'kpi', key: world.kpis(MONDAY) }]);
    expect(recompute).toEqual([MONDAY]);
  });

  it.each([['a file', 'streams/across.csv'] as const, ['a day', TUESDAY] as const])(
    'makes nothing again for which it would have to touch %s that is excepted',
    async (_what, excepted) => {
      await world.destroy(world.validated(MONDAY));
      const { returns, recompute, lost } = await drill.plan({ find: true, except: [excepted] });
      expect({ returns, recompute }).toEqual({ returns: [], recompute: [] });
      expect(lost).toMatchObject([
        {
          what: `plays of ${MONDAY}`,
          because: expect.stringContaining(`${excepted} is excepted`),
          remedy: 'Recover the day without the exception.',
        },
      ]);
    },
  );

  it('holds a day that went back to an earlier edition against the KPIs that this had', async () => {
    await world.publishAgain(MONDAY, 2);
    const rollback = { rollback: { day: MONDAY, edition: 1 } };
    const { before, rollback: planned } = await drill.plan(rollback);
    expect(planned).toMatchObject({ edition: 1, current: 2 });
    expect(before).toMatchObject([{ day: MONDAY, playsEdition: 1, kpis: { edition: 1, digest: 'd1' } }]);
    const kpis = (await world.json(layout.manifest('kpis', MONDAY))) as object;
    const other = JSON.stringify({ ...kpis, edition: 2, digest: 'd2' });
    const found = await drill.verify(rollback, () => world.put(layout.manifest('kpis', MONDAY), other));
    expect(found.lines).toEqual([`${MONDAY}: the same number of plays and items, but other values`]);
  });
});
