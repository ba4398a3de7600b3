/** The plan to undo a shutdown: what the shutdown saved, less what goes on again already. */
import { layout } from '../../pipeline/layout.ts';
import { shownLines } from '../../pipeline/procedures/plan.ts';
import type { Undo, UndoActivities } from '../../pipeline/procedures/activity-types.ts';
import { undoPlanSchema } from '../../pipeline/shutdown.ts';
import type { UndoPlan } from '../../pipeline/shutdown.ts';
import { failure } from '../call.ts';
import type { Buckets } from '../../systems/systems.ts';
import { writePlan } from './documents.ts';

function isEmpty({ runs, schedules, procedures, chains }: Undo): boolean {
  return runs.length + schedules.length + procedures.length + chains.length === 0;
}

/** @param planByStatus what a shutdown says of itself, or what it has saved; `undefined` when there was none */
export function createUndoPlanActivities(
  systems: Buckets,
  planByStatus: (shutdown: string, saved?: UndoPlan) => Promise<UndoPlan | undefined>,
): Pick<UndoActivities, 'readUndoPlan' | 'planUndo'> {
  return {
    async readUndoPlan({ settings }, { shutdown }) {
      const bucket = systems.bucket(settings.bucket);
      const key = layout.shutdown(shutdown, 'plan.json');
      const saved = await bucket.readJson(key, undoPlanSchema);
      const plan =
        saved === undefined || saved.value.unfinished === true
          ? await planByStatus(shutdown, saved?.value)
          : saved.value;
      if (plan === undefined) {
        throw failure('ShutdownUnknown', `There is no s3://${bucket.name}/${key}: no shutdown ${shutdown}`);
      }
      return plan;
    },

    async planUndo({ owner, settings }, { plan, undo }) {
      const bucket = systems.bucket(settings.bucket);
      const { shutdown, by, reason, stoppedAt, schedules } = plan;
      const { key, digest } = await writePlan(bucket, owner.run, { version: 1, shutdown, ...undo });
      const lines = [
        `shutdown by ${by} at ${stoppedAt}: ${reason}`,
        ...undo.runs.map(({ workflowId, run }) => `run ${workflowId} goes on as ${run ?? 'a new run'}`),
        ...undo.procedures.map(({ run, workflowId }) => `procedure ${run ?? workflowId} is resumed`),
        ...undo.schedules.map((id) => `schedule ${id} is resumed`),
        ...undo.chains.map(
          ({ workflowId, cron }) =>
            `cron chain ${workflowId} (${cron}) is started again; its next run takes over what its last one had claimed`,
        ),
        ...schedules.pausedBefore.map(
          ({ id, note }) => `schedule ${id} stays paused, as it was before: ${note}`,
        ),
      ];
      return {
        digest,
        key,
        empty: isEmpty(undo),
        objects: 0,
        bytes: 0,
        days: 0,
        items: 0,
        runs: undo.runs.length,
        minutes: 0,
        dollars: 0,
        lost: 0,
        lines: shownLines(lines),
      };
    },
  };
}
