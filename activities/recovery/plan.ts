/** RDATA-1 and RDATA-2: looking at the data, and planning from what was seen. Write the evidence and the plan, again when repeated. */
import { evidenceSchema, tableDiffers } from '../../pipeline/recovery/evidence.ts';
import type { Evidence } from '../../pipeline/recovery/evidence.ts';
import { planRecovery } from '../../pipeline/recovery/plan.ts';
import type { RecoveryPlan } from '../../pipeline/recovery/plan.ts';
import type { ParsedRecoveryRequest } from '../../pipeline/recovery/request.ts';
import { summariseRecovery } from '../../pipeline/recovery/summary.ts';
import type { RecoveryActivities } from '../../pipeline/procedures/activity-types.ts';
import { layout } from '../../pipeline/layout.ts';
import type { RunContext, RunSettings } from '../../pipeline/run-context.ts';
import type { ClosedRuns } from '../storage/claims.ts';
import { requireRecord, writePlan } from '../procedures/documents.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Systems } from '../../systems/systems.ts';
import { KpiTable } from './kpi-table.ts';
import { Documents } from './documents.ts';
import { Examination } from './examine.ts';
import { Inspection } from './inspection.ts';
import { planRollback } from './rollback.ts';

/** What the recovery has to know of runs; asked of Temporal. */
export interface RunQuestions {
  readonly closedRuns: ClosedRuns;
  /** Ids in the bucket of the runs that are at work. */
  readonly openRuns: () => Promise<readonly string[]>;
}

export interface RecoveryParts {
  readonly systems: Pick<Systems, 'bucket' | 'table'>;
  readonly runs: RunQuestions;
}

export function createRecoveryPlanActivities(
  parts: RecoveryParts,
): Pick<RecoveryActivities, 'examineData' | 'planRecovery'> {
  return {
    async examineData(context, { request, now }) {
      const { owner, settings } = context;
      const evidence = await examine(parts, context, request, now);
      const bucket = parts.systems.bucket(settings.bucket);
      await bucket.writeJson(layout.procedureRecord(owner.run, 'evidence'), evidence);
      const { files, days, objects, items } = evidence.looked;
      return { files, days, objects, items, damages: damagesIn(evidence) };
    },

    async planRecovery({ owner, settings }, { request }) {
      const bucket = parts.systems.bucket(settings.bucket);
      const evidence = await requireRecord(bucket, owner.run, 'evidence', evidenceSchema);
      const plan = await completed(bucket, request, evidence);
      const { digest, key } = await writePlan(bucket, owner.run, plan);
      return summariseRecovery(plan, { digest, key, workers: settings.numberOfWorkers });
    },
  };
}

export async function examine(
  { systems, runs }: RecoveryParts,
  { owner, settings }: RunContext,
  request: ParsedRecoveryRequest,
  now: string,
): Promise<Evidence> {
  const examination = examinationOf(systems, settings, { ...runs, deep: request.deep, now });
  return await examination.of(owner.run, request);
}

/** A look at the data of a pipeline, by these settings. */
export function examinationOf(
  systems: RecoveryParts['systems'],
  { bucket: name, table, retentionDays }: RunSettings,
  { deep, now, openRuns, closedRuns }: RunQuestions & { readonly deep: boolean; readonly now: string },
): Examination {
  const bucket = systems.bucket(name);
  return new Examination(
    {
      inspection: new Inspection(bucket, deep),
      documents: new Documents(bucket),
      table: new KpiTable(systems.table(table)),
      openRuns: async () => new Set(await openRuns()),
      now,
      retentionDays,
    },
    closedRuns,
  );
}

async function completed(
  bucket: Bucket,
  { rollback }: ParsedRecoveryRequest,
  evidence: Evidence,
): Promise<RecoveryPlan> {
  const found = planRecovery(evidence);
  const plan = { version: 1, procedure: 'dataRecovery', ...found, rollback: null } as const;
  return rollback === undefined ? plan : await planRollback(bucket, plan, rollback);
}

/** Everything in the evidence that is not as its record says. */
function damagesIn({ damages, documents, days }: Evidence): number {
  const differing = days.filter(({ behind, table }) => behind || tableDiffers(table));
  return damages.length + documents.length + differing.length;
}
