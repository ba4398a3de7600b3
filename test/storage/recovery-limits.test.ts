/**
 * What a look at damaged data must not pass over: documents that belong elsewhere or are gone in every version, things
 * that the request or a newer delivery keeps it from touching, and damage beside damage.
 */
import { describe, expect, it } from '@jest/globals';
import { keyRecordOf } from '../../activities/storage/claims.ts';
import { layout } from '../../pipeline/layout.ts';
import { itemsOf, LATE, MONDAY, TUESDAY } from '../support/data/published-world.ts';
import { recoveryDrill } from '../support/suites/storage.ts';

describe('what a recovery can or may not repair', () => {
  const suite = recoveryDrill();

  it('leaves a newer delivery under the key of a claimed file, names it, and overwrites it when told to', async () => {
    await suite.world.put(LATE.key, 'a correction');
    const found = await suite.drill.plan();
    expect(found.summary).toMatchObject({ empty: true, lost: 0 });
    expect(found.summary.lines).toEqual([
      expect.stringMatching(/^left as it is: streams\/late.csv: other bytes/),
    ]);
    expect((await suite.drill.plan({ files: [LATE.key] })).restores).toMatchObject([{ problem: 'replaced' }]);
    await expect(suite.drill.plan({ files: [LATE.key], except: [LATE.key] })).resolves.toMatchObject({
      restores: [],
    });
  });

  it('does not bring back what an ended run had claimed when a later version of the key counts', async () => {
    const later = suite.world.idOf('tuesday.csv');
    const record = (await suite.world.json(layout.file(later))) as object;
    await suite.world.put(
      layout.file(later),
      JSON.stringify({ ...record, claimedAt: '2024-07-03T01:00:00Z' }),
    );
    await suite.world.put(
      keyRecordOf(LATE.key),
      JSON.stringify({ version: 1, key: LATE.key, fileId: later }),
    );
    await suite.world.delete(LATE.key);
    expect((await suite.drill.plan()).summary).toMatchObject({ empty: true, lost: 0 });
  });

  it.each(['due', 'refused', 'claimed'])('brings back the original of a file that is %s', async (state) => {
    const record = (await suite.world.json(layout.file(LATE.id))) as object;
    await suite.world.put(layout.file(LATE.id), JSON.stringify({ ...record, state }));
    await suite.world.destroy(layout.runRecord('ended-00000002', 'inputs'));
    await suite.world.delete(LATE.key);
    expect((await suite.drill.plan()).restores).toMatchObject([
      { layer: 'raw', key: LATE.key, problem: 'missing' },
    ]);
    await suite.world.destroy(LATE.key);
    expect((await suite.drill.plan()).lost).toMatchObject([{ layer: 'raw', what: LATE.key }]);
  });

  it('names a manifest as lost of which no version is left, with what can only be had from it', async () => {
    const key = layout.manifest('plays', MONDAY);
    await suite.world.destroy(key);
    for (const given of [{ find: true as const }, { dates: [MONDAY] }]) {
      const { lost, summary } = await suite.drill.plan(given);
      expect(lost).toMatchObject([{ layer: 'record', what: key }]);
      expect(summary).toMatchObject({ empty: true, lost: 1 });
    }
    await suite.world.destroy(suite.world.kpis(MONDAY));
    await suite.world.deleteItem(`daily_listen_count#${MONDAY}#all`);
    expect((await suite.drill.plan()).lost.map(({ what }) => what)).toEqual([key, `KPIs of ${MONDAY}`]);
    expect(await suite.drill.verify({ find: true })).toMatchObject({ remaining: 0, lost: 2 });
  });

  it('names records as lost of which no version is left although something counts by them', async () => {
    const record = layout.file(suite.world.idOf('monday.csv'));
    const key = keyRecordOf('streams/tuesday.csv');
    await suite.world.destroy(record);
    await suite.world.destroy(key);
    expect((await suite.drill.plan()).lost.map(({ what }) => what)).toEqual([record, key].sort());
    expect((await suite.drill.plan({ dates: [MONDAY] })).lost.map(({ what }) => what)).toEqual([record]);
  });

  it('restores manifests and records that stand under the keys of others', async () => {
    const pairs = [
      [layout.manifest('plays', MONDAY), layout.manifest('plays', TUESDAY)],
      [layout.manifest('kpis', MONDAY), layout.manifest('kpis', TUESDAY)],
      [layout.file(suite.world.idOf('monday.csv')), layout.file(suite.world.idOf('tuesday.csv'))],
      [keyRecordOf('streams/monday.csv'), keyRecordOf('streams/tuesday.csv')],
    ] as const;
    const keys = pairs.flat();
    const right = await Promise.all(keys.map((key) => suite.world.json(key)));
    for (const [one, other] of pairs) await suite.world.swap(one, other);
    expect((await suite.drill.plan()).documents.map(({ key }) => key)).toEqual([...keys].sort());
    await suite.drill.restore();
    expect(await Promise.all(keys.map((key) => suite.world.json(key)))).toEqual(right);
    expect((await suite.drill.plan()).summary.empty).toBe(true);
  });

  it('brings back the plays that a run began anew after their manifest was deleted, and makes its own count in them', async () => {
    const key = layout.manifest('plays', MONDAY);
    const kpis = layout.manifest('kpis', MONDAY);
    const manifest = (await suite.world.json(key)) as object;
    const seventh = { ...manifest, edition: 7 };
    await suite.world.put(key, JSON.stringify(seventh));
    await suite.world.put(
      kpis,
      JSON.stringify({ ...((await suite.world.json(kpis)) as object), edition: 7 }),
    );
    await suite.world.delete(key);
    const source = { id: LATE.id, key: LATE.key, run: 'next', rows: 3 };
    await suite.world.put(key, JSON.stringify({ ...manifest, sources: [source], parts: [] }));
    const late = (await suite.world.json(layout.file(LATE.id))) as object;
    await suite.world.put(layout.file(LATE.id), JSON.stringify({ ...late, state: 'done', days: [MONDAY] }));

    const found = await suite.drill.plan();
    expect(found.documents).toMatchObject([{ kind: 'plays', key, older: 1 }]);
    expect(found).toMatchObject({ returns: [{ key: LATE.key, days: [MONDAY] }], recompute: [], lost: [] });
    await suite.drill.restore();
    expect(await suite.world.json(key)).toEqual(seventh);
    expect(await suite.world.read(layout.quarantined(suite.world.context.owner.run, key))).toBeDefined();

    await suite.world.delete(key);
    await suite.world.put(key, JSON.stringify({ ...manifest, sources: [source], parts: [] }));
    await suite.world.destroy(layout.file(LATE.id));
    expect((await suite.drill.plan()).lost.map(({ what }) => what)).toEqual([
      layout.file(LATE.id),
      `plays of ${MONDAY}`,
    ]);

    await suite.world.destroy(key);
    await suite.world.put(key, JSON.stringify({ ...manifest, sources: [], parts: [] }));
    expect((await suite.drill.plan()).lost).toMatchObject([
      { what: key, because: expect.stringContaining('edition 1') },
    ]);
  });

  it('goes on where one document of an old run can’t be read, and names it', async () => {
    const inputs = layout.runRecord('ended-00000002', 'inputs');
    await suite.world.destroy(inputs);
    await suite.world.put(inputs, 'not JSON');
    await suite.world.flip(suite.world.kpis(MONDAY));
    const { restores, lost } = await suite.drill.plan();
    expect(restores).toMatchObject([{ key: suite.world.kpis(MONDAY) }]);
    expect(lost).toMatchObject([{ layer: 'record', what: inputs }]);
  });

  it('takes no original for missing that its run archives during the look', async () => {
    const [run] = (suite.drill.open = ['ended-00000002']);
    suite.drill.meanwhile.closedRuns = async () => {
      const archivedAs = layout.archived(run ?? '', MONDAY, LATE.key);
      await suite.world.put(archivedAs, (await suite.world.read(LATE.key)) ?? '');
      const record = (await suite.world.json(layout.file(LATE.id))) as object;
      await suite.world.put(layout.file(LATE.id), JSON.stringify({ ...record, state: 'done', archivedAs }));
      await suite.world.delete(LATE.key);
    };
    expect((await suite.drill.plan({ files: [LATE.key] })).summary).toMatchObject({ empty: true, lost: 0 });
  });

  it('takes no items for wrong that a run which has begun during the look is loading', async () => {
    suite.drill.meanwhile.openRuns = async () => {
      suite.drill.open = ['next-00000003'];
      await suite.world.publishAgain(MONDAY, 2);
      for (const kind of ['plays', 'kpis'] as const) {
        const manifest = (await suite.world.json(layout.manifest(kind, MONDAY))) as object;
        await suite.world.put(
          layout.manifest(kind, MONDAY),
          JSON.stringify({ ...manifest, run: 'next-00000003' }),
        );
      }
      await suite.world.putItem({ ...itemsOf(MONDAY)[0], value: 11 });
    };
    const { summary } = await suite.drill.plan({ dates: [MONDAY] });
    expect(summary).toMatchObject({ empty: true, lost: 0 });
    expect(summary.lines).toEqual([
      expect.stringMatching(`items of ${MONDAY} in the table: not compared while run next-00000003`),
    ]);
    suite.drill.open = [];
    expect((await suite.drill.plan({ dates: [MONDAY] })).recompute).toEqual([MONDAY]);
  });

  it('finds items of days that have no manifest', async () => {
    const [count] = itemsOf(MONDAY);
    const stray = '2024-07-09';
    await suite.world.putItem({ ...count, id: `daily_listen_count#${stray}#all`, date: stray });
    expect((await suite.drill.plan()).lost).toMatchObject([
      { layer: 'table', what: `items of ${stray} in the table` },
    ]);
  });

  it('says of a day that it knows nothing of it', async () => {
    const { summary } = await suite.drill.plan({ dates: ['2031-01-01'] });
    expect(summary.empty).toBe(true);
    expect(summary.lines).toEqual([expect.stringContaining('2031-01-01: nothing is known of it')]);
  });

  it('finds what differs in the table of a day of which a KPI file is damaged as well', async () => {
    await suite.world.flip(suite.world.kpis(MONDAY));
    const [count] = itemsOf(MONDAY);
    await suite.world.putItem({ ...count, value: 11 });
    const { restores, recompute } = await suite.drill.plan();
    expect(restores).toMatchObject([{ layer: 'kpi', key: suite.world.kpis(MONDAY) }]);
    expect(recompute).toEqual([MONDAY]);
  });

  it.each([['a file', 'streams/across.csv'] as const, ['a day', TUESDAY] as const])(
    'makes nothing again for which it would have to touch %s that is excepted',
    async (_what, excepted) => {
      await suite.world.destroy(suite.world.validated(MONDAY));
      const { returns, recompute, lost } = await suite.drill.plan({ find: true, except: [excepted] });
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
    await suite.world.publishAgain(MONDAY, 2);
    const rollback = { rollback: { day: MONDAY, edition: 1 } };
    const { before, rollback: planned } = await suite.drill.plan(rollback);
    expect(planned).toMatchObject({ edition: 1, current: 2 });
    expect(before).toMatchObject([{ day: MONDAY, playsEdition: 1, kpis: { edition: 1, digest: 'd1' } }]);
    const kpis = (await suite.world.json(layout.manifest('kpis', MONDAY))) as object;
    const other = JSON.stringify({ ...kpis, edition: 2, digest: 'd2' });
    const found = await suite.drill.verify(rollback, () =>
      suite.world.put(layout.manifest('kpis', MONDAY), other),
    );
    expect(found.lines).toEqual([`${MONDAY}: the same number of plays and items, but other values`]);
  });
});
