/**
 * Publishing plays: makes the next edition of each day that a run touches, then says in the records that it is there.
 * Repeating it changes nothing.
 */
import pLimit from 'p-limit';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import { FIRST } from '../../pipeline/first-few.ts';
import type { PreparedFile } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { validationReportSchema } from '../../pipeline/reports.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import { makeEditions } from './editions.ts';
import type { RunChanges } from './editions.ts';
import { planKpis } from './plans/kpis.ts';
import { findPreparedInputs } from './prepared-inputs.ts';
import { findReport } from './reports.ts';
import { changeFile, finishKey } from './standing.ts';

export function createPlaysActivities(systems: Buckets): Pick<PipelineActivities, 'publishPlays'> {
  return {
    async publishPlays({ owner, settings }, given) {
      const bucket = systems.bucket(settings.bucket);
      const { run } = owner;
      const report = await findReport(bucket, given.report, validationReportSchema, run);
      const inputs = await findPreparedInputs(bucket, run);
      const { changes, manifests: changed } = await makeEditions(bucket, run, { ...given, inputs, report });
      await pLimit(S3_AT_ONCE).map(changes.files, (file) => recordPublished(bucket, run, file, changes));
      await planKpis(bucket, run, given.reference, changed);
      const days = changed.map(({ day, edition }) => ({ day, edition }));
      await bucket.writeJson(layout.runRecord(run, 'published-days'), { version: 1, run, days });
      return { days: days.slice(0, FIRST), dayCount: days.length };
    },
  };
}

async function recordPublished(
  bucket: Bucket,
  run: string,
  file: PreparedFile,
  { rejected }: RunChanges,
): Promise<void> {
  // A key that brings known content is settled once the KPIs of the days that it changes are there, when it is archived.
  if (file.verdict === 'redelivery') return;
  const isRejected = rejected.has(file.id);
  await changeFile(bucket, file.id, (current) => {
    if (current.state !== 'claimed' || current.owner.run !== run) return current;
    return { ...current, state: 'published', ...(isRejected ? { rejected: true } : {}) };
  });
  await finishKey(bucket, run, file);
}
