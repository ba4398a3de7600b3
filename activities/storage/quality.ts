/**
 * The quality gate's look at the validation report, and at what the run would take away. Writes the run's quality record;
 * repeating it writes the same.
 */
import { heartbeat } from '@temporalio/activity';
import pLimit from 'p-limit';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import { firstFew } from '../../pipeline/first-few.ts';
import type { PreparedInputs } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { lossOf, recorded } from '../../pipeline/losses.ts';
import type { DayLoss } from '../../pipeline/losses.ts';
import { playsManifestSchema } from '../../pipeline/manifests.ts';
import type { PlaysManifest } from '../../pipeline/manifests.ts';
import { countingErrors, judgeQuality } from '../../pipeline/quality.ts';
import { validationReportSchema } from '../../pipeline/reports.ts';
import type { RowCounts, ValidationReport } from '../../pipeline/reports.ts';
import { failure } from '../call.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import { makeEditions } from './editions.ts';
import { Rehearsal } from './rehearsal.ts';
import { findPreparedInputs } from './prepared-inputs.ts';
import { findReport } from './reports.ts';

const NO_ROWS: RowCounts = { delivered: 0, valid: 0, duplicate: 0, rejected: 0, underReview: 0 };

export function createQualityActivities(systems: Buckets): Pick<PipelineActivities, 'judgeQuality'> {
  return {
    async judgeQuality({ owner: { run }, settings }, given) {
      const bucket = systems.bucket(settings.bucket);
      const report = await findReport(bucket, given.report, validationReportSchema, run);
      const inputs = await findPreparedInputs(bucket, run);
      if (report !== undefined) requireWhole(report, inputs, `s3://${bucket.name}/${given.report ?? ''}`);
      const losses = await whatItTakesAway(bucket, run, inputs, report);
      const limits = {
        maxRejectedShare: settings.gateMaxRejectedShare,
        maxReviewShare: settings.gateMaxReviewShare,
        maxLostShare: settings.gateMaxLostShare,
        maxDayDistance: settings.gateMaxDayDistance,
      };
      const gate = judgeQuality({ report, losses, onPurpose: given.onPurpose }, limits);
      const record = { version: 1, run, gate, losses: losses.map(recorded), report };
      await bucket.writeJson(layout.runRecord(run, 'quality'), record);
      return {
        gate,
        rows: report?.rows ?? NO_ROWS,
        rejectedFiles: (report?.files ?? []).filter(({ status }) => status === 'rejected').length,
      };
    },
  };
}

/** @throws `CountsDisagree` */
function requireWhole(report: ValidationReport, inputs: PreparedInputs | undefined, uri: string): void {
  const judged = new Set(report.files.map(({ id }) => id));
  const missing = (inputs?.files ?? []).filter(
    ({ id, verdict }) => verdict !== 'redelivery' && !judged.has(id),
  );
  const wrong = [...missing.map(({ key }) => `${key} is not in the report`), ...countingErrors(report)];
  if (wrong.length > 0)
    throw failure(
      'CountsDisagree',
      `${uri} does not account for every row: ${firstFew(wrong, undefined, '; ')}`,
    );
}

/** What would stop counting, by the very steps that publish: they are taken, and nothing of them is kept. */
async function whatItTakesAway(
  bucket: Bucket,
  run: string,
  inputs: PreparedInputs | undefined,
  report: ValidationReport | undefined,
): Promise<DayLoss[]> {
  // An edition that nobody keeps names no version.
  const none = { files: 0, rows: 0, unusable: 0 };
  const reference = { version: '', songs: none, users: none, firstBad: [] };
  const unnamed = { reference, scriptDigest: '', now: '' };
  const { manifests } = await makeEditions(new Rehearsal(bucket), run, { ...unnamed, inputs, report });
  const losing = manifests.filter(({ retired }) => retired.length > 0);
  const losses = await pLimit(S3_AT_ONCE).map(losing, async (after: PlaysManifest) => {
    const before = await bucket.readJson(layout.manifest('plays', after.day), playsManifestSchema);
    heartbeat({ compared: after.day });
    return lossOf(before?.value, after);
  });
  return losses.filter((loss) => loss !== undefined);
}
