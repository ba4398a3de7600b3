import { describe, expect, it } from '@jest/globals';
import type { ScheduleDescription } from '@temporalio/client';
import { declaredSchedule, describeTimes, scheduleOptions } from '../../../client/schedule-definition.ts';

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
  const declared = declaredSchedule({ pipeline: 'p', taskQueue: 'q' });

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
