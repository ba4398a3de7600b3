/** The record of a finished run, and the end of its scratch and of its claims. Repeating it changes nothing. */
import { heartbeat } from '@temporalio/activity';
import pLimit from 'p-limit';
import type { LoadSummary, PipelineActivities, RunOutcome } from '../../pipeline/activity-types.ts';
import { firstFew } from '../../pipeline/first-few.ts';
import type { Owner, PreparedFile } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { publishedDaysSchema } from '../../pipeline/run-record.ts';
import { loadReportSchema } from '../../pipeline/reports.ts';
import type { LoadReport } from '../../pipeline/reports.ts';
import { failure } from '../call.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import { deletePrefix } from '../../systems/s3/deletion.ts';
import type { Buckets } from '../../systems/systems.ts';
import { findPreparedInputs } from './prepared-inputs.ts';
import { findReport } from './reports.ts';
import { changeFile } from './standing.ts';

export function createStateActivities(
  systems: Buckets,
): Pick<PipelineActivities, 'recordEarlyEnd' | 'updateProcessingState'> {
  return {
    async updateProcessingState({ owner, settings }, { now, record, loadReport, unarchived }) {
      const bucket = systems.bucket(settings.bucket);
      const { run } = owner;
      const report = await findReport(bucket, loadReport, loadReportSchema, run);
      const load = report === undefined ? null : summarise(report);
      if (unarchived === true) await finishInputs(bucket, run);
      await writeRecord(bucket, owner, { finishedAt: now, ...record, load });
      await deletePrefix(bucket, layout.scratch(run), () => {
        heartbeat();
      });
      return load;
    },

    async recordEarlyEnd({ owner, settings }, { now, record }) {
      await writeRecord(systems.bucket(settings.bucket), owner, { finishedAt: now, ...record, load: null });
    },
  };
}

/** With the days that the run has published, whether or not it came to its end. */
async function writeRecord(
  bucket: Bucket,
  { run, workflowId, originalRunId }: Owner,
  ended: RunOutcome & { readonly finishedAt: string; readonly load: LoadSummary | null },
): Promise<void> {
  const published = await bucket.readJson(layout.runRecord(run, 'published-days'), publishedDaysSchema);
  const days = published?.value.days ?? [];
  const written = { version: 1, run, workflowId, originalRunId, ...ended, days };
  await bucket.writeJson(layout.runRecord(run, 'record'), written);
}

/** Inputs that were not archived: a later run knows them, archives them and makes nothing of them again. */
async function finishInputs(bucket: Bucket, run: string): Promise<void> {
  const inputs = await findPreparedInputs(bucket, run);
  const finish = async ({ id }: PreparedFile): Promise<void> => {
    await changeFile(bucket, id, (current) =>
      current.state === 'published' && current.owner.run === run ? { ...current, state: 'done' } : current,
    );
    heartbeat({ finished: id });
  };
  await pLimit(S3_AT_ONCE).map(inputs?.files ?? [], finish);
}

function summarise({ run, days }: LoadReport): LoadSummary {
  const unverified = days.filter(({ outcome, verified }) => outcome !== 'superseded' && !verified);
  if (unverified.length > 0) {
    throw failure(
      'LoadIncomplete',
      `Run ${run} loaded ${firstFew(unverified.map(({ day }) => day))} but could not verify the table`,
    );
  }
  const sum = (field: 'put' | 'deleted' | 'unchanged'): number =>
    days.reduce((total, day) => total + day[field], 0);
  const superseded = days.filter(({ outcome }) => outcome === 'superseded').length;
  return { put: sum('put'), deleted: sum('deleted'), unchanged: sum('unchanged'), superseded };
}
