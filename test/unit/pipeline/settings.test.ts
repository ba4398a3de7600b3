import { describe, expect, it } from '@jest/globals';
import { describeSettings, jobNameOf, parseSettings, unknownSettings } from '../../../pipeline/settings.ts';
import { pipelineRequestSchema } from '../../../pipeline/request.ts';
import { layout, parseS3Uri, runIdOf, s3Uri } from '../../../pipeline/layout.ts';

describe('settings', () => {
  it('have defaults that work', () => {
    const settings = parseSettings({});
    expect(settings).toMatchObject({
      pipeline: 'music_streaming',
      taskQueue: 'music_streaming',
      gateMaxRejectedShare: 0.05,
    });
  });

  it('come from the environment', () => {
    const settings = parseSettings({
      MSP_PIPELINE: 'second',
      MSP_GATE_MAX_REJECTED_SHARE: '0.2',
      MSP_TASK_QUEUE: 'q',
    });
    expect(settings).toMatchObject({ pipeline: 'second', taskQueue: 'q', gateMaxRejectedShare: 0.2 });
    expect(jobNameOf(settings.pipeline, 'validate_data')).toBe('second_validation');
  });

  it('name every wrong variable, its value and what was expected, at once', () => {
    const wrong = { MSP_BUCKET: 'No Bucket', MSP_NUMBER_OF_WORKERS: '1' };
    expect(() => parseSettings(wrong)).toThrow(
      /MSP_BUCKET="No Bucket".*S3 bucket name[^]*MSP_NUMBER_OF_WORKERS="1"/,
    );
  });

  it('count as not set when they are empty, as with the AWS SDKs', () => {
    const settings = parseSettings({ MSP_GATE_MAX_REJECTED_SHARE: '', MSP_GLUE_ROLE: '', MSP_BUCKET: '' });
    expect(settings).toEqual(parseSettings({}));
    expect(describeSettings({ MSP_TABLE: '' }).find(({ name }) => name === 'table')?.source).toBe('default');
  });

  it.each([
    ['MSP_PARK_HOURS', '0x10'],
    ['MSP_PARK_HOURS', ' '],
    ['MSP_PARK_HOURS', '72h'],
    ['MSP_GATE_MAX_REJECTED_SHARE', '5%'],
    ['MSP_MAX_FILES_PER_RUN', '1e2'],
    ['MSP_MAX_FILES_PER_RUN', '0'],
    ['MSP_METRICS_ADDRESS', 'localhost:7237'],
    ['MSP_METRICS_ADDRESS', '127.0.0.1:99999'],
    ['MSP_METRICS_ADDRESS', '127.0.0.1:0'],
    ['MSP_METRICS_ADDRESS', '::1:7237'],
    ['MSP_LOG_LEVEL', 'verbose'],
    ['MSP_SCHEDULE_CRON', '@daily'],
    ['MSP_SCHEDULE_CRON', '0 24 * * *'],
    ['MSP_SCHEDULE_CRON', '0 3 1 * 1'],
    ['MSP_SCHEDULE_TIMEZONE', 'Mars/Olympus'],
  ])('refuse %s=%s', (variable, value) => {
    expect(() => parseSettings({ [variable]: value })).toThrow(`${variable}="${value}": `);
  });

  it.each([
    ['MSP_PARK_HOURS', '0.5', { parkHours: 0.5 }],
    ['MSP_METRICS_ADDRESS', '0.0.0.0:7237', { metricsAddress: '0.0.0.0:7237' }],
    ['MSP_METRICS_ADDRESS', '[::]:7237', { metricsAddress: '[::]:7237' }],
    ['MSP_LOG_LEVEL', 'debug', { logLevel: 'debug' }],
    ['MSP_SCHEDULE_CRON', 'none', { scheduleCron: 'none' }],
    ['MSP_SCHEDULE_CRON', '*/15 3-5 * * 1,7', { scheduleCron: '*/15 3-5 * * 1,7' }],
    ['MSP_SCHEDULE_TIMEZONE', 'Europe/Rome', { scheduleTimezone: 'Europe/Rome' }],
  ])('take %s=%s', (variable, value, expected) => {
    expect(parseSettings({ [variable]: value })).toMatchObject(expected);
  });

  it('say where each value came from', () => {
    const described = describeSettings({ MSP_TABLE: 'other' });
    expect(described.find(({ name }) => name === 'table')).toMatchObject({
      value: 'other',
      source: 'environment',
    });
    expect(described.find(({ name }) => name === 'bucket')?.source).toBe('default');
    expect(described.find(({ name }) => name === 'glueRole')?.source).toBe('not set');
  });

  it('tell variables that nothing reads', () => {
    expect(unknownSettings({ MSP_BUKCET: 'x', MSP_BUCKET: 'y', MSP_LOCAL_DIR: 'z', HOME: '/' })).toEqual([
      'MSP_BUKCET',
    ]);
    const documented = { MSP_PYTHON: 'p', MSP_IVY_SETTINGS: 'i', MSP_SETUP_DIR: 's', MSP_DEPLOYMENT: 'd' };
    expect(unknownSettings(documented)).toEqual([]);
  });
});

describe('a request', () => {
  it('may be empty: the run says by itself what has started it', () => {
    expect(pipelineRequestSchema.parse({})).toEqual({});
  });

  it.each([
    [{ input: ['a'] }, /input/],
    [{ inputs: [] }, /inputs/],
    [{ dates: ['25.06.2024'] }, /UTC date/],
    [{ dates: ['2024-02-30'] }, /UTC date/],
    [{ inputs: ['a'], dates: ['2024-06-25'] }, /not both/],
    [{ overrides: { numberOfWorkers: 1 } }, /numberOfWorkers/],
  ])('%j is refused', (request, message) => {
    expect(() => pipelineRequestSchema.parse(request)).toThrow(message);
  });
});

describe('the layout', () => {
  it('makes run ids that are safe in keys and differ between executions of one workflow id', () => {
    // Both begun in the same minute.
    const one = '01a20aba-8740-7b8e-8f1c-4b44ea5d05af';
    const other = '01a20aba-1306-71b9-aef3-fe5ee7853e62';
    expect(runIdOf('daily/2024-06-25T00:00:00Z', one)).toBe('daily-2024-06-25T00-00-00Z-4b44ea5d05af');
    expect(runIdOf('x', one)).not.toBe(runIdOf('x', other));
  });

  it('keeps the delivered key in the archive', () => {
    expect(layout.archived('r', '2026-01-02', 'streams/a b+ü.csv')).toBe(
      'archived/2026/01/02/run=r/streams/a b+ü.csv',
    );
  });

  it('reads its own URIs', () => {
    expect(parseS3Uri(s3Uri('bucket', 'a/b c.csv'))).toEqual({ bucket: 'bucket', key: 'a/b c.csv' });
    expect(parseS3Uri('https://bucket/a')).toBeUndefined();
  });
});
