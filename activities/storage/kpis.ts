/**
 * Verifying and publishing KPIs. Verification reads the items that the Glue run wrote and holds them against what is
 * true of every right set of items. Publishing is a conditional write for each day; repeating it changes nothing.
 */
import { heartbeat } from '@temporalio/activity';
import pLimit from 'p-limit';
import type { DayEdition, PipelineActivities } from '../../pipeline/activity-types.ts';
import { FIRST, firstFew } from '../../pipeline/first-few.ts';
import { brokenInvariants } from '../../pipeline/kpi-items.ts';
import { layout } from '../../pipeline/layout.ts';
import { decideKpis, kpisManifestSchema } from '../../pipeline/manifests.ts';
import type { KpisManifest } from '../../pipeline/manifests.ts';
import { kpiReportSchema } from '../../pipeline/reports.ts';
import type { KpiReport } from '../../pipeline/reports.ts';
import { failure } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import { changeDocument } from './documents.ts';
import { readItems } from './items.ts';
import { planLoad } from './plans/load.ts';
import { requireReport } from './reports.ts';

/** A day has some thousand items, so this bounds the memory at a few megabytes. */
const DAYS_AT_ONCE = 4;

type ReportedDay = KpiReport['days'][number];

export function createKpisActivities(
  systems: Buckets,
): Pick<PipelineActivities, 'verifyKpis' | 'publishKpis'> {
  return {
    async verifyKpis({ owner, settings }, given) {
      const bucket = systems.bucket(settings.bucket);
      const report = await requireReport(bucket, given.report, kpiReportSchema, owner.run);
      const broken = await pLimit(DAYS_AT_ONCE).map(report.days, async (day) => {
        const items = await readItems(bucket, day);
        heartbeat({ verified: day.day });
        return brokenInvariants(day.day, items, day.plays);
      });
      const all = broken.flat();
      if (all.length > 0) {
        throw failure('KpiInvariantBroken', firstFew(all, undefined, '; '));
      }
      return { items: report.days.reduce((sum, day) => sum + day.items, 0) };
    },

    async publishKpis(context, given) {
      const { owner, settings } = context;
      const bucket = systems.bucket(settings.bucket);
      const report = await requireReport(bucket, given.report, kpiReportSchema, owner.run);
      const published: KpisManifest[] = [];
      const superseded: DayEdition[] = [];
      for (const day of report.days) {
        const stands = await publishDay(bucket, manifestOf(day, report, given.now));
        if (stands.edition > day.edition) superseded.push({ day: day.day, edition: stands.edition });
        else published.push(stands);
        heartbeat({ published: day.day });
      }
      await planLoad(bucket, context, published, given.now);
      return {
        published: published.slice(0, FIRST).map(({ day, edition }) => ({ day, edition })),
        publishedCount: published.length,
        superseded: superseded.slice(0, FIRST),
        supersededCount: superseded.length,
      };
    },
  };
}

function manifestOf(day: ReportedDay, report: KpiReport, publishedAt: string): KpisManifest {
  const { run, referenceVersion, scriptDigest } = report;
  return { version: 1, kind: 'kpis', publishedAt, run, referenceVersion, scriptDigest, ...day };
}

async function publishDay(bucket: Bucket, computed: KpisManifest): Promise<KpisManifest> {
  return await changeDocument<KpisManifest, KpisManifest>(
    bucket,
    layout.manifest('kpis', computed.day),
    kpisManifestSchema,
    (current) => (current === undefined || decideKpis(current, computed) === 'publish' ? computed : current),
  );
}
