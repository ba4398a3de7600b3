/**
 * The pipeline's schedule as it is declared, and how it differs from the one on the server. What is declared here is
 * what `msp schedules apply` makes true; a change by hand shows up as a difference.
 */
import { ScheduleOverlapPolicy, type ScheduleDescription, type ScheduleOptions } from '@temporalio/client';
import { PIPELINE_WORKFLOW, type PipelineRequest } from '../pipeline/request.ts';
import type { Settings } from '../pipeline/settings.ts';

export interface ScheduleDeclaration {
  readonly id: string;
  readonly about: string;
  /** UTC. */
  readonly hour: number;
  readonly minute: number;
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly request: PipelineRequest;
  readonly overlap: ScheduleOverlapPolicy;
  /** Seconds. */
  readonly catchupWindow: number;
  readonly pauseOnFailure: boolean;
}

const HOUR_SECONDS = 3600;

export function declaredSchedule({
  pipeline,
  taskQueue,
}: Pick<Settings, 'pipeline' | 'taskQueue'>): ScheduleDeclaration {
  return {
    id: `${pipeline}-daily`,
    about: 'Takes everything that has arrived, once a day.',
    // Files of a day arrive until shortly after midnight; three hours leave room for the late ones.
    hour: 3,
    minute: 0,
    // The server appends the nominal time.
    workflowId: `${pipeline}-daily`,
    taskQueue,
    request: { trigger: 'schedule' },
    // Runs may overlap: each claims its inputs and publishes on condition. Any other policy would let one run that waits
    // for an operator hold back the days after it.
    overlap: ScheduleOverlapPolicy.ALLOW_ALL,
    // After an outage one run makes up for all that were missed, because it takes all that has arrived. Under a day, so
    // that only the last is caught up; the server's default of a year would start one for each missed day.
    catchupWindow: 23 * HOUR_SECONDS,
    // A run fails only when an operator ended it or nobody came; its files are free for the next run. A schedule that
    // pauses itself would stop all data without a sign.
    pauseOnFailure: false,
  };
}

/** The declaration as the server takes it. */
export function scheduleOptions(declared: ScheduleDeclaration): ScheduleOptions {
  return {
    scheduleId: declared.id,
    spec: {
      calendars: [{ hour: declared.hour, minute: declared.minute, comment: declared.about }],
      timezone: 'UTC',
    },
    action: {
      type: 'startWorkflow',
      workflowType: PIPELINE_WORKFLOW,
      workflowId: declared.workflowId,
      taskQueue: declared.taskQueue,
      args: [declared.request],
      staticSummary: declared.about,
    },
    policies: {
      overlap: declared.overlap,
      catchupWindow: declared.catchupWindow * 1000,
      pauseOnFailure: declared.pauseOnFailure,
    },
  };
}

export interface ScheduleDifference {
  readonly field: string;
  readonly declared: string;
  readonly actual: string;
}

/** What the server has otherwise; none when it is as declared. Whether it is paused is not part of the declaration. */
export function differences(
  declared: ScheduleDeclaration,
  actual: ScheduleDescription,
): ScheduleDifference[] {
  const compared: [field: string, declared: string, actual: string][] = [
    ['times', timesOf(declared), describeTimes(actual)],
    ['overlap', String(declared.overlap), String(actual.policies.overlap)],
    [
      'catchupWindow',
      `${String(declared.catchupWindow)} s`,
      `${String(actual.policies.catchupWindow / 1000)} s`,
    ],
    ['pauseOnFailure', String(declared.pauseOnFailure), String(actual.policies.pauseOnFailure)],
    ['workflowType', PIPELINE_WORKFLOW, actual.action.workflowType],
    ['workflowId', declared.workflowId, actual.action.workflowId],
    ['taskQueue', declared.taskQueue, actual.action.taskQueue],
    ['request', JSON.stringify(declared.request), JSON.stringify(actual.action.args?.[0] ?? {})],
  ];
  return compared.flatMap(([field, wanted, found]) =>
    wanted === found ? [] : [{ field, declared: wanted, actual: found }],
  );
}

const clock = (hour: number, minute: number): string =>
  `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;

function timesOf({ hour, minute }: ScheduleDeclaration): string {
  return `daily at ${clock(hour, minute)} UTC`;
}

/** The times of a schedule in words: a daily one as `timesOf` says it, any other by its fields. */
export function describeTimes({ spec }: Pick<ScheduleDescription, 'spec'>): string {
  const zone = spec.timezone === undefined || spec.timezone === '' ? 'UTC' : spec.timezone;
  const [calendar] = spec.calendars ?? [];
  const single = (spec.calendars ?? []).length === 1 && (spec.intervals ?? []).length === 0;
  if (calendar !== undefined && single) {
    const [hour, minute, second] = [calendar.hour, calendar.minute, calendar.second].map(onlyValue);
    const everyDay =
      calendar.dayOfMonth.length === 1 &&
      calendar.dayOfMonth[0]?.start === 1 &&
      calendar.dayOfMonth[0].end === 31;
    const always = everyDay && calendar.month.length === 1 && calendar.year.length === 0;
    if (hour !== undefined && minute !== undefined && second === 0 && always)
      return `daily at ${clock(hour, minute)} ${zone}`;
  }
  return `${JSON.stringify({ calendars: spec.calendars, intervals: spec.intervals })} ${zone}`;
}

function onlyValue(ranges: readonly { start: number; end: number }[]): number | undefined {
  const [range] = ranges;
  return ranges.length === 1 && range?.start === range?.end ? range?.start : undefined;
}
