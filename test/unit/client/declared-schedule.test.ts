import { describe, expect, it } from '@jest/globals';
import type { ScheduleDescription } from '@temporalio/client';
import { declaredSchedule } from '../../../pipeline/declared/schedules.ts';
import { parseSettings } from '../../../pipeline/settings.ts';
import { describeTimes, scheduleOptions } from '../../../client/schedule-definition.ts';

const every = (start: number, end: number): { start: number; end: number; step: number }[] => [
  { start, end, step: 1 },
];

/** The times of a schedule as the server describes them: every field spelt out. */
function described(hour: number, minute: number, timezone?: string): Pick<ScheduleDescription, 'spec'> {
  return {
    spec: {
      calendars: [
        {
          second: every(0, 0),
          minute: every(minute, minute),
          hour: every(hour, hour),
          dayOfMonth: every(1, 31),
          month: [{ start: 'JANUARY', end: 'DECEMBER', step: 1 }],
          year: [],
          dayOfWeek: [{ start: 'SUNDAY', end: 'SATURDAY', step: 1 }],
          comment: '',
        },
      ],
      intervals: [],
      skip: [],
      jitter: 0,
      ...(timezone === undefined ? {} : { timezone }),
    },
  };
}

describe('the declared schedule', () => {
  const declared = declaredSchedule(parseSettings({ MSP_PIPELINE: 'p', MSP_TASK_QUEUE: 'q' }));

  it('is named after the pipeline, so that two pipelines can share a namespace', () => {
    expect(declared).toMatchObject({ id: 'p-daily', workflowId: 'p-daily', taskQueue: 'q' });
  });

  it('never lets a waiting run hold back the next day, and catches up once', () => {
    expect(scheduleOptions(declared).policies).toEqual({
      overlap: 'ALLOW_ALL',
      catchupWindow: 82_800_000,
      pauseOnFailure: false,
    });
  });
});

describe('a cron text', () => {
  const declaredAs = (cron: string): ReturnType<typeof declaredSchedule> =>
    declaredSchedule(parseSettings({ MSP_SCHEDULE_CRON: cron, MSP_SCHEDULE_TIMEZONE: 'Europe/Rome' }));

  it('is declared by the fields that the server compares, whatever way it is written', () => {
    const { calendars, timezone } = scheduleOptions(declaredAs('*/20 3-5 * 1,6 *')).spec;
    expect(timezone).toBe('Europe/Rome');
    expect(calendars).toEqual([
      expect.objectContaining({
        ...{ minute: [0, 20, 40], hour: [3, 4, 5], dayOfMonth: '*' },
        ...{ month: ['JANUARY', 'JUNE'], dayOfWeek: '*' },
      }),
    ]);
    expect(declaredAs('0 3 * * 7').cron).toEqual(declaredAs('0 3 * * 0').cron);
    expect(declaredAs('none').cron).toBeUndefined();
  });
});

describe('times of a schedule in words', () => {
  it('are daily times in their zone', () => {
    expect(describeTimes(described(3, 0))).toBe('daily at 03:00 UTC');
    expect(describeTimes(described(17, 30, 'Europe/Rome'))).toBe('daily at 17:30 Europe/Rome');
  });

  it('are the fields of anything else', () => {
    const { spec } = described(3, 0);
    expect(describeTimes({ spec: { ...spec, intervals: [{ every: 60_000, offset: 0 }] } })).toMatch(
      /"intervals"/,
    );
  });
});
