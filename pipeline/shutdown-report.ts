/** The report of a shutdown, as a page for people. */
import type { DayEdition } from './activity-types.ts';
import { firstFew } from './first-few.ts';
import type { WrittenStopRecord } from './run-record.ts';
import type { FoundRun, ShutdownFindings } from './shutdown.ts';

/** A run that the shutdown has stopped. */
export interface StoppedRun extends FoundRun {
  /** Its record; null where the run had not begun, or had ended before it was told. */
  readonly stopped: WrittenStopRecord | null;
  /** Days whose plays it has published, with the editions: the first ten. */
  readonly days: readonly DayEdition[];
  readonly dayCount: number;
  /** Files that it keeps claimed. */
  readonly claims: readonly { readonly key: string; readonly id: string }[];
  /** Keys of its records that are not what they should be. */
  readonly unreadable: readonly string[];
}

export function shutdownPage(findings: ShutdownFindings, runs: readonly StoppedRun[]): string {
  const { plan, requestedAt, finishedAt, glueRuns, orphanObjects, tableItems, pollers, stillOpen } = findings;
  const { shutdown, by, reason, schedules } = plan;
  const problems = Object.entries(findings.problems);
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
    '## STOP-1: schedules',
    list(
      [
        ...schedules.paused.map((id) => `${id}: paused`),
        ...schedules.pausedBefore.map(({ id, note }) => `${id}: was paused already (${note}) and stays so`),
      ],
      'None.',
    ),
    '## STOP-2: runs',
    list(runs.map(runLine), 'None was open.'),
    ...(plan.chains.length === 0
      ? []
      : [
          '## STOP-1: cron chains',
          list(
            plan.chains.map(({ workflowId, cron }) => `${workflowId} (${cron}): ended, no next run starts`),
            '',
          ),
        ]),
    ...(plan.procedures.length === 0
      ? []
      : [
          '## STOP-1: procedures',
          list(
            plan.procedures.map(({ run, workflowId }) => `${run ?? workflowId}: paused`),
            '',
          ),
        ]),
    '## STOP-2: Glue runs',
    list(
      glueRuns.map(
        ({ jobName, jobRunId, run, orphan }) =>
          `${jobRunId} of ${jobName}, for ${run ?? 'an unknown run'}${orphan ? ': no run watched it' : ''}`,
      ),
      'None was live.',
    ),
    '## STOP-3: unfinished output',
    `Each run has set its own aside${orphanObjects === 0 ? '.' : `; ${orphanObjects} objects of unwatched Glue runs besides.`}`,
    '## STOP-4: files claimed by the stopped runs',
    list(
      runs.flatMap(({ claims, workflowId }) =>
        claims.map(({ key, id }) => `${key} (${id}), by ${workflowId}`),
      ),
      'None.',
    ),
    '## STOP-4: the rest',
    list(
      [
        `items in the table: ${tableItems === null ? 'not known' : `about ${tableItems}`}`,
        `workers that listen: ${pollers.join(', ') || 'none'}`,
        ...stillOpen.map((what) => `not known to have ended: ${what}`),
        ...runs.flatMap(({ unreadable }) => unreadable.map((key) => `can't be read: ${key}`)),
      ],
      '',
    ),
  ].join('\n\n')}\n`;
}

function runLine({ workflowId, run, stopped, days, dayCount, unreadable }: StoppedRun): string {
  if (stopped === null) {
    const why =
      unreadable.length === 0 ? 'had not begun its work, or had ended by itself' : "its record can't be read";
    return `${workflowId}: ${why}`;
  }
  const { stage, checkpoints, quarantined } = stopped;
  const done = checkpoints.filter(({ outcome }) => outcome === 'done').length;
  const aside = quarantined.length === 0 ? '' : `, ${quarantined.length} objects set aside`;
  const editions = days.map(({ day, edition }) => `${day} published as edition ${edition}`);
  const published = dayCount === 0 ? '' : `, ${firstFew(editions, dayCount)}`;
  return `${workflowId} (${run ?? ''}): stopped in ${stage ?? 'no stage'}, ${done} stages done${published}${aside}`;
}
