/**
 * RESET-3: setting the state back. Claims are freed, inputs of the named days are delivered again; an undoing puts
 * records back that are as the reset left them. Raw data that others delivered and archived data are never touched.
 * Each change knows whether it has been made, so repeating it ends in the same state.
 */
import { heartbeat } from '@temporalio/activity';
import { z } from 'zod';
import { fileRecordSchema } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import type { ResetActivities } from '../../pipeline/procedures/activity-types.ts';
import { batches, inputBatches } from '../../pipeline/recovery/summary.ts';
import { resetPlanSchema } from '../../pipeline/reset/plan.ts';
import type { ResetPlan, ResetResult, ResetUndo } from '../../pipeline/reset/plan.ts';
import { agreedPlan } from '../procedures/documents.ts';
import { returnInput } from '../recovery/inputs.ts';
import { rollBackDay } from '../recovery/rollback.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import { findClaims, freeClaim } from './claims.ts';

export function createResetStateActivities(
  systems: Buckets,
): Pick<ResetActivities, 'resetState' | 'findDueInputs'> {
  return {
    async resetState({ owner, settings }, { digest, request }) {
      const bucket = systems.bucket(settings.bucket);
      const plan = await agreedPlan(bucket, owner.run, resetPlanSchema, digest);
      const frees = request.claims === true || request.all === true;
      // Runs that were stopped since the plan was made have left theirs.
      const claims = frees ? unique([...plan.claims, ...(await findClaims(bucket))]) : [];
      const records = [
        ...claims.map(({ record }) => record),
        ...plan.returns.map(({ id }) => layout.file(id)),
      ];
      const inputs: string[] = [];
      try {
        for (const claim of claims) await freeClaim(bucket, claim);
        for (const file of plan.returns) {
          if (await returnInput(bucket, owner.run, file)) inputs.push(file.key);
          heartbeat({ returned: file.key });
        }
      } finally {
        // Also when it stops half-way: what is not written here can't be undone.
        await bucket.writeJson(
          layout.procedureRecord(owner.run, 'reset'),
          await left(bucket, records, inputs),
        );
      }
      if (plan.undo !== null) await undo(bucket, owner.run, plan.undo);
      const dates = plan.undo?.rollbacks.map(({ day }) => day) ?? [];
      return { freed: claims.length, inputs: inputBatches(inputs, plan.returns), dates: batches(dates) };
    },

    async findDueInputs({ owner, settings }, { digest }) {
      const bucket = systems.bucket(settings.bucket);
      const { returns } = await agreedPlan(bucket, owner.run, resetPlanSchema, digest);
      const due: string[] = [];
      for (const { id, key } of returns) {
        const record = await bucket.readJson(layout.file(id), fileRecordSchema);
        if (record !== undefined && record.value.state !== 'done') due.push(key);
        heartbeat({ looked: key });
      }
      return { inputs: inputBatches(due, returns) };
    },
  };
}

function unique(claims: ResetPlan['claims']): ResetPlan['claims'] {
  return [...new Map(claims.map((claim) => [claim.record, claim])).values()];
}

async function left(
  bucket: Bucket,
  records: readonly string[],
  inputs: readonly string[],
): Promise<ResetResult> {
  const tagged = async (keys: readonly string[]): Promise<ResetResult['records']> => {
    const found = await Promise.all(keys.map(async (key) => ({ key, etag: (await bucket.head(key))?.etag })));
    return found.flatMap(({ key, etag }) => (etag === undefined ? [] : [{ key, etag }]));
  };
  return { version: 1, records: await tagged(records), inputs: await tagged(inputs) };
}

async function undo(
  bucket: Bucket,
  procedure: string,
  { records, removals, rollbacks }: ResetUndo,
): Promise<void> {
  for (const { key, etag } of removals) {
    await bucket.deleteIf(key, etag);
    heartbeat({ removed: key });
  }
  for (const { key, etag, versionId } of records) {
    const before = await bucket.readJson(key, z.looseObject({}), versionId);
    // What somebody has changed since is left alone; what an earlier try has put back has another tag as well.
    if (before !== undefined) await bucket.writeJsonIf(key, before.value, etag);
    heartbeat({ undone: key });
  }
  for (const rollback of rollbacks) await rollBackDay(bucket, procedure, { ...rollback, leaving: [] });
}
