/** The quality gate's look at the validation report. Writes the run's quality record; repeating it writes the same. */
import type { S3Client } from '@aws-sdk/client-s3';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import { preparedInputsSchema } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { countingErrors, judgeQuality } from '../../pipeline/quality.ts';
import { validationReportSchema } from '../../pipeline/reports.ts';
import { failure } from '../aws/call.ts';
import { Bucket } from './objects.ts';
import { requireReport } from './reports.ts';

export function createQualityActivities(s3: S3Client): Pick<PipelineActivities, 'judgeQuality'> {
  return {
    async judgeQuality({ owner: { run }, settings }, given) {
      const bucket = new Bucket(s3, settings.bucket);
      const report = await requireReport(bucket, given.report, validationReportSchema, run);
      const inputs = await bucket.readJson(layout.runRecord(run, 'inputs'), preparedInputsSchema);
      const judged = new Set(report.files.map(({ id }) => id));
      const missing =
        inputs?.value.files.filter(({ id, verdict }) => verdict !== 'redelivery' && !judged.has(id)) ?? [];
      const wrong = [...missing.map(({ key }) => `${key} is not in the report`), ...countingErrors(report)];
      if (wrong.length > 0) {
        throw failure(
          'CountsDisagree',
          `s3://${bucket.name}/${given.report} does not account for every row: ${wrong.join('; ')}`,
        );
      }
      const replacing = inputs?.value.retire.filter(({ id, by }) => id !== by).map(({ by }) => by);
      const limits = {
        maxRejectedShare: settings.gateMaxRejectedShare,
        maxReviewShare: settings.gateMaxReviewShare,
      };
      const gate = judgeQuality(report, limits, new Set(replacing));
      await bucket.writeJson(layout.runRecord(run, 'quality'), { version: 1, run, gate, report });
      return {
        gate,
        rows: report.rows,
        rejectedFiles: report.files.filter(({ status }) => status === 'rejected').length,
      };
    },
  };
}
