/** The declared schedule as the server takes it, and how it differs from the one that is there after a change by hand. */
import type { CalendarSpec, ScheduleDescription, ScheduleOptions } from '@temporalio/client';
import { cronText, expand, normal, type Cron, type CronField } from '../pipeline/cron.ts';
import type { DeclaredSchedule } from '../pipeline/declared/schedules.ts';
import { NO_SCHEDULE } from '../pipeline/settings.ts';

/** The declaration as the server takes it. */
export function scheduleOptions(declared: DeclaredSchedule): ScheduleOptions {
  return {
    scheduleId: declared.id,
    spec: {
      calendars:
        declared.cron === undefined ? [] : [{ ...calendarOf(declared.cron), comment: declared.about }],
      timezone: declared.timezone,
    },
    action: {
      type: 'startWorkflow',
      workflowType: declared.workflowType,
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
export function differences(declared: DeclaredSchedule, actual: ScheduleDescription): ScheduleDifference[] {
  const compared: [field: string, declared: string, actual: string][] = [
    ['times', timesOf(declared), describeTimes(actual)],
    ['overlap', declared.overlap, String(actual.policies.overlap)],
    ['catchupWindow', `${declared.catchupWindow} s`, `${actual.policies.catchupWindow / 1000} s`],
    ['pauseOnFailure', String(declared.pauseOnFailure), String(actual.policies.pauseOnFailure)],
    ['workflowType', declared.workflowType, actual.action.workflowType],
    ['workflowId', declared.workflowId, actual.action.workflowId],
    ['taskQueue', declared.taskQueue, actual.action.taskQueue],
    ['request', JSON.stringify(declared.request), JSON.stringify(actual.action.args?.[0] ?? {})],
  ];
  return compared.flatMap(([field, wanted, found]) =>
    wanted === found ? [] : [{ field, declared: wanted, actual: found }],
  );
}

const MONTHS = [
  ...(['JANUARY', 'FEBRUARY', 'MARCH', 'APRIL', 'MAY', 'JUNE'] as const),
  ...(['JULY', 'AUGUST', 'SEPTEMBER', 'OCTOBER', 'NOVEMBER', 'DECEMBER'] as const),
] as const;
const WEEKDAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;

/** Fields as the server takes them: it would turn a cron text into them, by rules of its own. */
function calendarOf({ minute, hour, dayOfMonth, month, dayOfWeek }: Cron): CalendarSpec {
  const orAll = <T>(values: readonly T[]): T[] | '*' => (values.length === 0 ? '*' : [...values]);
  return {
    minute: orAll(minute),
    hour: orAll(hour),
    dayOfMonth: orAll(dayOfMonth),
    month: orAll(MONTHS.filter((_, index) => month.includes(index + 1))),
    dayOfWeek: orAll(WEEKDAYS.filter((_, index) => dayOfWeek.includes(index))),
  };
}

function timesOf({ cron, timezone }: DeclaredSchedule): string {
  return cron === undefined ? NO_SCHEDULE : `${inWords(cron)} ${timezone}`;
}

function inWords(cron: Cron): string {
  const [, minute, hour] = /^(\d+) (\d+) \* \* \*$/.exec(cronText(cron)) ?? [];
  if (hour === undefined || minute === undefined) return cronText(cron);
  return `daily at ${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
}

/** The times of a schedule in words: those of a cron text as `timesOf` says them, any other by its fields. */
export function describeTimes({ spec }: Pick<ScheduleDescription, 'spec'>): string {
  const zone = spec.timezone === undefined || spec.timezone === '' ? 'UTC' : spec.timezone;
  const [calendar] = spec.calendars ?? [];
  const single = (spec.calendars ?? []).length === 1 && (spec.intervals ?? []).length === 0;
  if (calendar !== undefined && single && calendar.year.length === 0) {
    const seconds = valuesOf('minute', calendar.second);
    if (seconds.join() === '0') {
      const named = (ranges: readonly NamedRange[], names: readonly string[], first: number): Range[] =>
        ranges.map(({ start, end, step }) => ({
          start: names.indexOf(start) + first,
          end: names.indexOf(end) + first,
          step,
        }));
      const cron: Cron = {
        minute: valuesOf('minute', calendar.minute),
        hour: valuesOf('hour', calendar.hour),
        dayOfMonth: valuesOf('dayOfMonth', calendar.dayOfMonth),
        month: valuesOf('month', named(calendar.month, MONTHS, 1)),
        dayOfWeek: valuesOf('dayOfWeek', named(calendar.dayOfWeek, WEEKDAYS, 0)),
      };
      return `${inWords(cron)} ${zone}`;
    }
  }
  return `${JSON.stringify({ calendars: spec.calendars, intervals: spec.intervals })} ${zone}`;
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}
type NamedRange = { readonly [K in keyof Range]: K extends 'step' ? number : string };

function valuesOf(name: CronField, ranges: readonly Range[]): number[] {
  return normal(
    name,
    ranges.flatMap(({ start, end, step }) => expand(start, Math.max(start, end), step)),
  );
}
