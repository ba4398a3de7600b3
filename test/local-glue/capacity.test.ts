/** Worker types, DPUs and what is billed. */
import { describe, expect, it } from '@jest/globals';
import { askedCapacity, reportedDpuSeconds, resolveCapacity } from '../../local/glue/capacity.ts';

describe('the capacity of a run', () => {
  it.each([
    ['nothing said', [{}], { WorkerType: 'G.1X', NumberOfWorkers: 2, MaxCapacity: 2 }],
    ['a worker type with twice the DPU', [{ WorkerType: 'G.2X', NumberOfWorkers: 3 }], { MaxCapacity: 6 }],
    [
      'quarter workers',
      [{ WorkerType: 'G.025X', NumberOfWorkers: 2 }],
      { MaxCapacity: 0.5, AllocatedCapacity: 1 },
    ],
    ['DPUs', [{ MaxCapacity: 10 }], { MaxCapacity: 10, AllocatedCapacity: 10 }],
    [
      'more workers for one run',
      [{ NumberOfWorkers: 9 }, { WorkerType: 'G.1X', NumberOfWorkers: 2 }],
      { WorkerType: 'G.1X', NumberOfWorkers: 9 },
    ],
    [
      'larger workers for one run',
      [{ WorkerType: 'R.2X' }, { WorkerType: 'G.1X', NumberOfWorkers: 4 }],
      { WorkerType: 'R.2X', NumberOfWorkers: 4, MaxCapacity: 8 },
    ],
    [
      'workers for one run of a job with DPUs',
      [{ WorkerType: 'G.1X', NumberOfWorkers: 4 }, { MaxCapacity: 10 }],
      { WorkerType: 'G.1X', NumberOfWorkers: 4, MaxCapacity: 4 },
    ],
    [
      'DPUs for one run of a job with workers',
      [{ MaxCapacity: 8 }, { WorkerType: 'G.1X', NumberOfWorkers: 4 }],
      { MaxCapacity: 8 },
    ],
  ])('%s', (_, requests, expected) => {
    expect(resolveCapacity('glueetl', ...requests)).toMatchObject(expected);
  });

  it.each([
    ['glueetl', { WorkerType: 'G.1X', NumberOfWorkers: 2, MaxCapacity: 2 }, /do not set Max Capacity/],
    ['glueetl', { WorkerType: 'G.1X', NumberOfWorkers: 2, AllocatedCapacity: 2 }, /do not set Max Capacity/],
    ['glueetl', { NumberOfWorkers: 2 }, /set both/],
    ['glueetl', { WorkerType: 'G.2X', NumberOfWorkers: 150 }, /from 2 to 149, not 150/],
    ['glueetl', { MaxCapacity: 2.5 }, /whole number of DPUs/],
    ['glueetl', { MaxCapacity: 1 }, /from 2 to 100/],
    ['pythonshell', { MaxCapacity: 2 }, /0\.0625 or 1 DPU/],
    ['pythonshell', { WorkerType: 'G.1X', NumberOfWorkers: 2 }, /not supported for Python shell/],
  ])('is refused: %s with %j', (command, request, message) => {
    expect(() => resolveCapacity(command, request)).toThrow(message);
  });

  it('of a stored definition is what was asked for, not what was derived', () => {
    expect(askedCapacity(resolveCapacity('glueetl', {}))).toEqual({ WorkerType: 'G.1X', NumberOfWorkers: 2 });
    expect(askedCapacity(resolveCapacity('glueetl', { MaxCapacity: 5 }))).toEqual({ MaxCapacity: 5 });
  });
});

it('DPU-seconds are reported for FLEX and auto-scaling runs only', () => {
  const standard = { ExecutionClass: 'STANDARD', MaxCapacity: 4 } as const;
  expect(reportedDpuSeconds(standard, false, 30)).toBeUndefined();
  expect(reportedDpuSeconds(standard, true, 30)).toBe(120);
  expect(reportedDpuSeconds({ ...standard, ExecutionClass: 'FLEX' }, false, 30)).toBe(120);
});
