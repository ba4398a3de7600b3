/** The report of a procedure, as a document and as a page. Repeating it writes the same. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { layout } from '../../pipeline/layout.ts';
import type { ProcedureActivities } from '../../pipeline/procedures/activity-types.ts';
import { reportPage } from '../../pipeline/procedures/report.ts';
import type { ProcedureReport } from '../../pipeline/procedures/report.ts';
import { call } from '../call.ts';
import { Bucket } from '../../systems/s3/bucket.ts';

export function createProcedureReportActivities(
  s3: S3Client,
): Pick<ProcedureActivities, 'writeProcedureReport'> {
  return {
    async writeProcedureReport({ owner, settings }, { request, record, now }) {
      const bucket = new Bucket(s3, settings.bucket);
      const { by, reason } = request;
      const report: ProcedureReport = { version: 1, ...record, by, reason, finishedAt: now, request };
      const page = {
        Bucket: bucket.name,
        Key: `${layout.procedureFolder(owner.run)}report.md`,
        Body: reportPage(report),
        ContentType: 'text/markdown; charset=utf-8',
      };
      await call(`PutObject ${page.Key}`, (options) => s3.send(new PutObjectCommand(page), options));
      const key = layout.procedureRecord(owner.run, 'report');
      await bucket.writeJson(key, report);
      return { key };
    },
  };
}
