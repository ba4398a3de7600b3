import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { bytes, count, cut, duration, time } from '../../../pipeline/format.ts';
import { Output, type OutputFormat } from '../../../cli/output.ts';

class Terminal extends Writable {
  text = '';
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const rowSchema = z.object({ name: z.string(), plays: z.number() });

function printed(
  format: OutputFormat,
  rows: z.output<typeof rowSchema>[],
): { stdout: string; stderr: string } {
  const [stdout, stderr] = [new Terminal(false), new Terminal(false)];
  const out = new Output({ stdout, stderr }, {});
  const columns = [
    { title: 'name', value: (row: z.output<typeof rowSchema>) => row.name },
    { title: 'plays', value: (row: z.output<typeof rowSchema>) => row.plays, right: true },
  ];
  out.rows(format, z.array(rowSchema), rows, columns, 'nothing to see');
  return { stdout: stdout.text, stderr: stderr.text };
}

describe('rows', () => {
  const rows = [
    { name: 'jazz', plays: 7 },
    { name: 'rock, "hard"', plays: 12 },
  ];

  it('are an aligned table for people', () => {
    expect(printed('table', rows).stdout).toBe(
      'name          plays\njazz              7\nrock, "hard"     12\n',
    );
  });

  it('are one JSON array for programs', () => {
    expect(JSON.parse(printed('json', rows).stdout)).toEqual(rows);
  });

  it('are quoted as CSV needs it', () => {
    expect(printed('csv', rows).stdout).toBe('name,plays\njazz,7\n"rock, ""hard""",12\n');
  });

  it('that are none say so to people and are an empty array to programs', () => {
    expect(printed('table', [])).toEqual({ stdout: '', stderr: 'nothing to see\n' });
    expect(printed('json', []).stdout).toBe('[]\n');
  });
});

describe('colours', () => {
  const statusOn = (isTTY: boolean, environment: Record<string, string>, status = 'Completed'): string =>
    new Output({ stdout: new Terminal(isTTY), stderr: new Terminal(isTTY) }, environment).status(status);

  it('are for terminals only, unless asked otherwise', () => {
    expect(statusOn(false, {})).toBe('Completed');
    expect(statusOn(true, {})).toBe('\u001b[32mCompleted\u001b[39m');
    expect(statusOn(true, { NO_COLOR: '1' })).toBe('Completed');
    expect(statusOn(false, { FORCE_COLOR: '1' })).toBe('\u001b[32mCompleted\u001b[39m');
  });

  it.each([
    ['Planned', 32],
    ['Paused', 33],
    ['AwaitingApproval', 33],
    ['Failed', 31],
    ['TERMINATED', 31],
    ['not answering', 31],
  ])('tell what %s means', (status, color) => {
    expect(statusOn(true, {}, status)).toBe(`\u001b[${color}m${status}\u001b[39m`);
  });

  it('are not given to what goes well or is not known', () => {
    expect(['Running', 'RUNNING', 'constructor'].map((status) => statusOn(true, {}, status))).toEqual([
      'Running',
      'RUNNING',
      'constructor',
    ]);
  });
});

describe('figures', () => {
  it.each([
    [count(1_234_567.891), '1,234,567.89'],
    [bytes(0), '0 B'],
    [bytes(1023), '1023 B'],
    [bytes(1536), '1.5 KiB'],
    [bytes(5 * 1024 ** 3), '5.0 GiB'],
    [duration(59.4), '59 s'],
    [duration(200), '3 m 20 s'],
    [duration(7500), '2 h 5 m'],
    [time('2024-06-25T03:00:00.000Z'), '2024-06-25 03:00:00'],
    [cut('abcdef', 4), 'abc…'],
  ])('%s', (shown, expected) => {
    expect(shown).toBe(expected);
  });
});
