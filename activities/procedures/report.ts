/** The report of a procedure, as a document and as a page. Repeating it writes the same. */
import { layout } from '../../pipeline/layout.ts';
import type { ProcedureActivities } from '../../pipeline/procedures/activity-types.ts';
import { reportPage } from '../../pipeline/procedures/report.ts';
import type { ProcedureReport } from '../../pipeline/procedures/report.ts';
import type { Buckets } from '../../systems/systems.ts';

export function createProcedureReportActivities(
  systems: Buckets,
): Pick<ProcedureActivities, 'writeProcedureReport'> {
  return {
    async writeProcedureReport({ owner, settings }, { request, record, now }) {
      const bucket = systems.bucket(settings.bucket);
      const { by, reason } = request;
      const report: ProcedureReport = { version: 1, ...record, by, reason, finishedAt: now, request };
      const page = `${layout.procedureFolder(owner.run)}report.md`;
      await bucket.writeText(page, reportPage(report), 'text/markdown; charset=utf-8');
      const key = layout.procedureRecord(owner.run, 'report');
      await bucket.writeJson(key, report);
      return { key };
    },
  };
}
