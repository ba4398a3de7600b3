/** What activities refuse of what runs have left: real storage, no runs. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { createUndoPlanActivities } from '../../activities/procedures/undo-plan.ts';
import { createArchiveActivities } from '../../activities/storage/archive.ts';
import { changeDocument } from '../../activities/storage/documents.ts';
import { createKpisActivities } from '../../activities/storage/kpis.ts';
import { layout } from '../../pipeline/layout.ts';
import { kpisManifestSchema } from '../../pipeline/manifests.ts';
import { itemsOf, LATE, MONDAY, NOW } from '../support/data/published-world.ts';
import { publishedWorld } from '../support/suites/storage.ts';

describe('what a run has left', () => {
  const suite = publishedWorld();

  /** The report of a KPI computation over what the day has published. */
  async function report(plays: number): Promise<string> {
    const { context } = suite.world;
    const manifest = kpisManifestSchema.parse(await suite.world.json(layout.manifest('kpis', MONDAY)));
    const { day, edition, items, digest, files } = manifest;
    const key = layout.runRecord(context.owner.run, 'kpis');
    await suite.world.put(
      key,
      JSON.stringify({
        ...{ version: 1, run: context.owner.run, jobRunId: 'jr_1', scriptDigest: 's', startedAt: NOW },
        ...{ finishedAt: NOW, stage: 'kpi_computation', referenceVersion: 'r1' },
        days: [{ day, edition, plays, items, digest, files }],
      }),
    );
    return key;
  }

  async function verify(key: string): Promise<{ readonly items: number }> {
    const { verifyKpis } = createKpisActivities(suite.world.worker);
    return await suite.world.run(verifyKpis, suite.world.context, { report: key });
  }

  it('is refused where the items break an invariant', async () => {
    const key = await report(itemsOf(MONDAY).length + 1000);
    await expect(verify(key)).rejects.toMatchObject({ type: 'KpiInvariantBroken' });
  });

  it('is refused where a file is not what Glue wrote, though it is as long', async () => {
    const key = await report(10);
    await suite.world.flip(suite.world.kpis(MONDAY));
    await expect(verify(key)).rejects.toMatchObject({ type: 'OutputChanged' });
  });

  it('is refused where an input and its staged copy are gone', async () => {
    const { context } = suite.world;
    const file = {
      ...{ order: 0, id: LATE.id, sha256: createHash('sha256').digest('hex'), key: LATE.key },
      ...{
        versionId: 'gone',
        etag: 'e',
        size: 1,
        deliveredAt: NOW,
        verdict: 'new',
        stagedKey: 'temporary/x',
      },
    };
    const inputs = {
      version: 1,
      run: context.owner.run,
      preparedAt: NOW,
      files: [file],
      retire: [],
      deferred: [],
    };
    await suite.world.put(layout.runRecord(context.owner.run, 'inputs'), JSON.stringify(inputs));
    const { archiveInputs } = createArchiveActivities(suite.world.worker);
    await expect(suite.world.run(archiveInputs, context, { now: NOW })).rejects.toMatchObject({
      type: 'InputVanished',
    });
  });
});

describe('a document', () => {
  const suite = publishedWorld();

  it('that others change each time in between is given up', async () => {
    const bucket = suite.world.worker.bucket(suite.world.context.settings.bucket);
    const key = layout.manifest('kpis', MONDAY);
    const publish = async (): Promise<unknown> =>
      await changeDocument(bucket, key, kpisManifestSchema, (current) => {
        if (current === undefined) throw new Error('It is there');
        return { ...current, edition: current.edition + 1 };
      });
    const { writeJsonIf } = bucket;
    bucket.writeJsonIf = async (name, value, etag) => {
      await bucket.writeJson(name, { ...(value as object), run: `other-${Math.random()}` });
      return await writeJsonIf.call(bucket, name, value, etag);
    };
    await expect(suite.world.run(publish)).rejects.toMatchObject({ type: 'PublishConflict' });
  });
});

describe('an undoing', () => {
  const suite = publishedWorld();

  it('of a shutdown that never was is refused', async () => {
    const { readUndoPlan } = createUndoPlanActivities(suite.world.worker, () => Promise.resolve(undefined));
    await expect(
      suite.world.run(readUndoPlan, suite.world.context, { shutdown: 'none' }),
    ).rejects.toMatchObject({
      type: 'ShutdownUnknown',
    });
  });
});
