/**
 * The report of a shutdown, as JSON and as Markdown, and the plan that undoes it. What a run had done is read from the
 * record that it wrote when it stopped.
 */
import type { S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { z } from 'zod';
import type { DayEdition, ShutdownActivities } from '../../pipeline/activity-types.ts';
import { countSchema, daySchema } from '../../pipeline/documents.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import { preparedInputsSchema } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import type { FoundRun, ShutdownFindings } from '../../pipeline/shutdown.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { isFailureOf } from '../aws/call.ts';
import { Bucket } from './objects.ts';

const stopRecordSchema = z.looseObject({
  stage: z.enum(STAGE_NAMES).nullable(),
  stoppedAt: z.string(),
  checkpoints: z.array(
    z.looseObject({
      stage: z.string(),
      outcome: z.string(),
      summary: z.string(),
      result: z.unknown().optional(),
    }),
  ),
  jobRunIds: z.array(z.string()),
  quarantined: z.array(z.string()),
});

/** What the checkpoint of `publish_plays` holds. */
const publishedSchema = z.object({ days: z.array(z.object({ day: daySchema, edition: countSchema })) });

/** A stopped run, for the report. */
interface StoppedRun extends FoundRun {
  /** Its record; null where the run had not begun, or had ended before it was told. */
  readonly stopped: z.infer<typeof stopRecordSchema> | null;
  /** Days whose plays it has published, with the editions. */
  readonly days: readonly DayEdition[];
  /** Files that it keeps claimed. */
  readonly claims: readonly { readonly key: string; readonly id: string }[];
  /** Keys of its records that are not what they should be. */
  readonly unreadable: readonly string[];
}

export function createShutdownReportActivities(
  s3: S3Client,
): Pick<ShutdownActivities, 'saveUndoPlan' | 'writeShutdownReport'> {
  return {
    async saveUndoPlan({ bucket }, plan) {
      await new Bucket(s3, bucket).writeJson(layout.shutdown(plan.shutdown, 'plan.json'), plan);
    },

    async writeShutdownReport({ bucket: name }, findings) {
      const bucket = new Bucket(s3, name);
      const { shutdown } = findings.plan;
      const written = {
        report: layout.shutdown(shutdown, 'report.json'),
        markdown: layout.shutdown(shutdown, 'report.md'),
        plan: layout.shutdown(shutdown, 'plan.json'),
      };
      // First, because without it the shutdown is hard to undo; the report is for people.
      await bucket.writeJson(written.plan, findings.plan);
      const limit = pLimit(S3_AT_ONCE);
      const runs = await Promise.all(findings.plan.runs.map((run) => limit(() => recordOf(bucket, run))));
      await bucket.writeJson(written.report, { version: 1, ...findings, runs });
      await bucket.writeText(written.markdown, markdown(findings, runs), 'text/markdown; charset=utf-8');
      return written;
    },
  };
}

async function recordOf(bucket: Bucket, found: FoundRun): Promise<StoppedRun> {
  if (found.run === undefined) return { ...found, stopped: null, days: [], claims: [], unreadable: [] };
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
  return { ...found, stopped, days: daysOf(stopped), claims, unreadable };
}

function daysOf(stopped: StoppedRun['stopped']): readonly DayEdition[] {
  const published = stopped?.checkpoints.find(({ stage }) => stage === 'publish_plays');
  return publishedSchema.safeParse(published?.result).data?.days ?? [];
}

function markdown(findings: ShutdownFindings, runs: readonly StoppedRun[]): string {
  const { plan, requestedAt, finishedAt, glueRuns, orphanObjects, tableItems, pollers, stillOpen } = findings;
  const { shutdown, by, reason, schedules } = plan;
  const problems = Object.entries(findings.problems ?? {});
  const list = (items: readonly string[], none: string): string =>
    items.length === 0 ? none : items.map((item) => `- ${item}`).join('\n');
  return `${[
    `# Emergency shutdown ${shutdown}`,
    `By ${by}: ${reason}`,
    `${requestedAt === null ? 'Not everything could be told to stop' : `Everything was told to stop by ${requestedAt}`}, and this was written at ${finishedAt}.`,
    `Undo it: \`msp resume --shutdown ${shutdown}\`. That brings back what is listed here and nothing else.`,
    ...(problems.length === 0
      ? []
      : [
          '## Not done',
          list(
            problems.map(([step, message]) => `could not ${step}: ${message}`),
            '',
          ),
          'Stop by hand what this names, or ask for a shutdown again when the cause is gone.',
        ]),
    '## Schedules',
    list(
      [
        ...schedules.paused.map((id) => `${id}: paused`),
        ...schedules.pausedBefore.map(({ id, note }) => `${id}: was paused already (${note}) and stays so`),
      ],
      'None.',
    ),
    '## Runs',
    list(runs.map(runLine), 'None was open.'),
    ...(plan.procedures.length === 0
      ? []
      : [
          '## Procedures',
          list(
            plan.procedures.map(({ run, workflowId }) => `${run ?? workflowId}: paused`),
            '',
          ),
        ]),
    '## Glue runs',
    list(
      glueRuns.map(
        ({ jobName, jobRunId, run, orphan }) =>
          `${jobRunId} of ${jobName}, for ${run ?? 'an unknown run'}${orphan ? ': no run watched it' : ''}`,
      ),
      'None was live.',
    ),
    ...(orphanObjects === 0
      ? []
      : [`${String(orphanObjects)} objects of unwatched Glue runs were set aside.`]),
    '## Files claimed by the stopped runs',
    list(
      runs.flatMap(({ claims, workflowId }) =>
        claims.map(({ key, id }) => `${key} (${id}), by ${workflowId}`),
      ),
      'None.',
    ),
    '## The rest',
    list(
      [
        `items in the table: ${tableItems === null ? 'not known' : `about ${String(tableItems)}`}`,
        `workers that listen: ${pollers.join(', ') || 'none'}`,
        ...stillOpen.map((what) => `not known to have ended: ${what}`),
        ...runs.flatMap(({ unreadable }) => unreadable.map((key) => `can't be read: ${key}`)),
      ],
      '',
    ),
  ].join('\n\n')}\n`;
}

function runLine({ workflowId, run, stopped, days, unreadable }: StoppedRun): string {
  if (stopped === null) {
    const why =
      unreadable.length === 0 ? 'had not begun its work, or had ended by itself' : "its record can't be read";
    return `${workflowId}: ${why}`;
  }
  const { stage, checkpoints, quarantined } = stopped;
  const done = checkpoints.filter(({ outcome }) => outcome === 'done').length;
  const aside = quarantined.length === 0 ? '' : `, ${String(quarantined.length)} objects set aside`;
  const published = days
    .map(({ day, edition }) => `, ${day} published as edition ${String(edition)}`)
    .join('');
  return `${workflowId} (${run ?? ''}): stopped in ${stage ?? 'no stage'}, ${String(done)} stages done${published}${aside}`;
}
