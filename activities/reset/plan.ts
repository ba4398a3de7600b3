/** The look before a reset: what runs, who claims what, what the named days were made of. Writes the plan. */
import type { ResetActivities } from '../../pipeline/procedures/activity-types.ts';
import { planRecovery } from '../../pipeline/recovery/plan.ts';
import type { ResetPlan } from '../../pipeline/reset/plan.ts';
import type { ParsedResetRequest } from '../../pipeline/reset/request.ts';
import { summariseReset } from '../../pipeline/reset/summary.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import type { FoundRun } from '../../pipeline/shutdown.ts';
import { writePlan } from '../procedures/documents.ts';
import { examinationOf } from '../recovery/plan.ts';
import type { RecoveryParts } from '../recovery/plan.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import { findClaims } from './claims.ts';
import { planResetUndo } from './undo.ts';

export interface ResetParts extends Pick<RecoveryParts, 'systems'> {
  /** Runs of the pipeline that are open. */
  readonly openRuns: () => Promise<readonly FoundRun[]>;
  /** Ids of the pipeline's schedules that are not paused. */
  readonly runningSchedules: () => Promise<readonly string[]>;
}

export function createResetPlanActivities(parts: ResetParts): Pick<ResetActivities, 'planReset'> {
  return {
    async planReset(context, { request, now }) {
      const { owner, settings } = context;
      const bucket = parts.systems.bucket(settings.bucket);
      const plan = await planned(parts, bucket, context, request, now);
      const { digest, key } = await writePlan(bucket, owner.run, plan);
      const { restart, claims, all } = request;
      const stopsAll = claims === true || all === true;
      return summariseReset(plan, { digest, key, workers: settings.numberOfWorkers, restart, stopsAll });
    },
  };
}

async function planned(
  parts: ResetParts,
  bucket: Bucket,
  context: RunContext,
  request: ParsedResetRequest,
  now: string,
): Promise<ResetPlan> {
  const { undo, claims, all } = request;
  const stops = [...(await parts.openRuns())].sort((a, b) => (a.workflowId < b.workflowId ? -1 : 1));
  const frees = claims === true || all === true;
  const anew = await processedAnew(parts, context, request, now);
  return {
    version: 1,
    procedure: 'pipelineReset',
    stops,
    schedules: [...(await parts.runningSchedules())].sort(),
    claims: frees ? await findClaims(bucket) : [],
    ...anew,
    undo: undo === undefined ? null : await planResetUndo(bucket, undo),
  };
}

/** The files of the named days: as a recovery makes lost plays again, a reset makes those that are there. */
async function processedAnew(
  { systems }: ResetParts,
  { owner, settings }: RunContext,
  { dates, all }: ParsedResetRequest,
  now: string,
): Promise<Pick<ResetPlan, 'returns' | 'lost' | 'before'>> {
  if (dates === undefined && all !== true) return { returns: [], lost: [], before: [] };
  const examination = examinationOf(systems, settings, {
    deep: false,
    now,
    // By the time that the files are needed, all runs have been stopped.
    openRuns: () => Promise.resolve([]),
    closedRuns: (owners) => Promise.resolve(owners.map(({ run }) => run)),
  });
  const selection = dates === undefined ? { find: true as const, except: [] } : { dates, except: [] };
  const evidence = await examination.of(owner.run, selection, 'anew');
  const { returns, lost, before } = planRecovery(evidence);
  return { returns, lost, before };
}
