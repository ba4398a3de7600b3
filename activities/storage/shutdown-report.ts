/**
 * The report of a shutdown, as JSON and as Markdown, and the plan that undoes it. What a run had done is read from the
 * record that it wrote when it stopped.
 */
import pLimit from 'p-limit';
import type { z } from 'zod';
import type { ShutdownActivities } from '../../pipeline/activity-types.ts';
import { preparedInputsSchema } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { publishedIn, stopRecordSchema } from '../../pipeline/run-record.ts';
import { shutdownPage } from '../../pipeline/shutdown-report.ts';
import type { StoppedRun } from '../../pipeline/shutdown-report.ts';
import type { FoundRun } from '../../pipeline/shutdown.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { isFailureOf } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';

export function createShutdownReportActivities(
  systems: Buckets,
): Pick<ShutdownActivities, 'saveUndoPlan' | 'writeShutdownReport'> {
  return {
    async saveUndoPlan({ bucket }, plan) {
      await systems.bucket(bucket).writeJson(layout.shutdown(plan.shutdown, 'plan.json'), plan);
    },

    async writeShutdownReport({ bucket: name }, findings) {
      const bucket = systems.bucket(name);
      const { shutdown } = findings.plan;
      const written = {
        report: layout.shutdown(shutdown, 'report.json'),
        markdown: layout.shutdown(shutdown, 'report.md'),
        plan: layout.shutdown(shutdown, 'plan.json'),
      };
      // First, because without it the shutdown is hard to undo; the report is for people.
      await bucket.writeJson(written.plan, findings.plan);
      const runs = await pLimit(S3_AT_ONCE).map(findings.plan.runs, (run) => recordOf(bucket, run));
      await bucket.writeJson(written.report, { version: 1, ...findings, runs });
      await bucket.writeText(written.markdown, shutdownPage(findings, runs), 'text/markdown; charset=utf-8');
      return written;
    },
  };
}

async function recordOf(bucket: Bucket, found: FoundRun): Promise<StoppedRun> {
  if (found.run === undefined)
    return { ...found, stopped: null, days: [], dayCount: 0, claims: [], unreadable: [] };
  const unreadable: string[] = [];
  /** A report with a gap that is named is worth more than none. */
  const read = async <T>(key: string, schema: z.ZodType<T>): Promise<T | undefined> => {
    try {
      return (await bucket.readJson(key, schema))?.value;
    } catch (error) {
      if (!isFailureOf(error, 'DocumentInvalid')) throw error;
      unreadable.push(key);
      return undefined;
    }
  };
  const keys: string[] = [];
  for await (const { key } of bucket.list(`${layout.runFolder(found.run)}stopped/`)) keys.push(key);
  // Names begin with the time: the last is of the latest stop.
  const latest = keys.sort().at(-1);
  const stopped = latest === undefined ? null : ((await read(latest, stopRecordSchema)) ?? null);
  const inputs = await read(layout.runRecord(found.run, 'inputs'), preparedInputsSchema);
  const claims = inputs?.files.map(({ key, id }) => ({ key, id })) ?? [];
  const published = stopped === null ? { days: [], dayCount: 0 } : publishedIn(stopped);
  return { ...found, stopped, ...published, claims, unreadable };
}
