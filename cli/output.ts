/**
 * What commands print. Results go to stdout, as a table for people or as JSON or CSV for programs; notes, progress and
 * errors go to stderr, so that a result can be piped. JSON is checked against its schema before it is printed: its
 * shape is a promise.
 */
import type { Writable } from 'node:stream';
import Table from 'cli-table3';
import picocolors from 'picocolors';
import type { z } from 'zod';
import { csvLine } from '../pipeline/csv.ts';
import { toneOf, type Tone } from '../pipeline/statuses.ts';

export const OUTPUT_FORMATS = ['table', 'json', 'csv'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** A stream that may be a terminal. */
type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export interface Streams {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}

type Cell = string | number;

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => Cell;
  /** Numbers are aligned to the right. */
  readonly right?: boolean;
}

type Colors = ReturnType<typeof picocolors.createColors>;

export class Output {
  readonly #streams: Streams;
  readonly colors: Colors;
  /** Whether someone may be looking at stderr as it is written. */
  readonly live: boolean;

  constructor(streams: Streams, environment: Readonly<Record<string, string | undefined>>) {
    this.#streams = streams;
    const noColor = environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '';
    const forced = environment['FORCE_COLOR'] !== undefined && environment['FORCE_COLOR'] !== '0';
    this.colors = picocolors.createColors(!noColor && (forced || streams.stdout.isTTY === true));
    // Some terminals that are none say that they have 0 columns.
    const { isTTY, columns } = streams.stderr;
    this.live = isTTY === true && columns !== 0 && environment['TERM'] !== 'dumb';
  }

  /** A line of the result. */
  line(text = ''): void {
    this.#streams.stdout.write(`${text}\n`);
  }

  /** A line beside the result. */
  note(text: string): void {
    this.#streams.stderr.write(`${text}\n`);
  }

  /**
   * Long work: a line that counts up on a terminal, and stands once elsewhere.
   * @returns to be called with the share that is done, 0 to 1; 1 ends the line
   */
  progress(what: string): (share: number) => void {
    if (!this.live) {
      this.note(what);
      return () => undefined;
    }
    const show = (share: number): void => {
      const percent = String(Math.min(100, Math.floor(share * 100))).padStart(3);
      this.stderr.write(`\r${what} ${percent} %${share >= 1 ? '\n' : ''}`);
    };
    show(0);
    return show;
  }

  /** For what replaces itself on a terminal. */
  get stderr(): Writable {
    return this.#streams.stderr;
  }

  json<T extends z.ZodType>(schema: T, value: z.input<T>): void {
    this.line(JSON.stringify(schema.parse(value), null, 2));
  }

  /** Rows of one kind, in the format asked for. */
  rows<T extends z.ZodType>(
    format: OutputFormat,
    schema: z.ZodArray<T>,
    rows: readonly z.output<T>[],
    columns: readonly Column<z.output<T>>[],
    whenEmpty: string,
  ): void {
    if (format === 'json') this.json(schema, rows as z.input<T>[]);
    else if (format === 'csv') {
      this.line(csvLine(columns.map(({ title }) => title)));
      for (const row of rows) this.line(csvLine(columns.map(({ value }) => String(value(row)))));
    } else if (rows.length === 0) this.note(whenEmpty);
    else this.table(rows, columns);
  }

  table<T>(rows: readonly T[], columns: readonly Column<T>[]): void {
    const table = new Table({
      head: columns.map(({ title }) => this.colors.bold(title)),
      colAligns: columns.map(({ right }) => (right === true ? 'right' : 'left')),
      chars: BLANK,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    });
    for (const row of rows) table.push(columns.map(({ value }) => String(value(row))));
    for (const line of table.toString().split('\n')) this.line(line.trimEnd());
  }

  /** Names and values, one a line; those without a value are left out. */
  fields(fields: readonly (readonly [name: string, value: Cell | undefined])[]): void {
    const shown = fields.filter(
      (field): field is readonly [string, Cell] => field[1] !== undefined && field[1] !== '',
    );
    const width = Math.max(0, ...shown.map(([name]) => name.length));
    for (const [name, value] of shown) this.line(`${this.colors.dim(name.padEnd(width))}  ${value}`);
  }

  heading(text: string): void {
    this.line();
    this.line(this.colors.bold(text));
  }

  /** A status in the colour of its meaning. */
  status(status: string): string {
    return this.toned(toneOf(status) ?? OTHER_TONES.get(status) ?? 'plain', status);
  }

  toned(tone: Tone, text: string): string {
    switch (tone) {
      case 'good':
        return this.colors.green(text);
      case 'waiting':
        return this.colors.yellow(text);
      case 'bad':
        return this.colors.red(text);
      case 'plain':
        return text;
    }
  }
}

/** What else is shown as a status; words that are not here are plain. */
const OTHER_TONES: ReadonlyMap<string, Tone> = new Map([
  // Executions in Temporal, job runs in Glue, the table in DynamoDB.
  ['COMPLETED', 'good'],
  ['SUCCEEDED', 'good'],
  ['ACTIVE', 'good'],
  ['PAUSED', 'waiting'],
  ['WAITING', 'waiting'],
  ['STOPPING', 'waiting'],
  ['FAILED', 'bad'],
  ['CANCELLED', 'bad'],
  ['TERMINATED', 'bad'],
  ['TIMED_OUT', 'bad'],
  ['STOPPED', 'bad'],
  ['TIMEOUT', 'bad'],
  ['ERROR', 'bad'],
  ['EXPIRED', 'bad'],
  // Rules of data quality, and the gate's verdict.
  ['PASS', 'good'],
  ['FAIL', 'bad'],
  ['pass', 'good'],
  ['warn', 'waiting'],
  ['hold', 'waiting'],
  // The local stack and its parts.
  ['ready', 'good'],
  ['impaired', 'bad'],
  ['not answering', 'bad'],
  ['gone', 'bad'],
]);

/** No frame: tables are copied into messages and cut with standard tools. */
const BLANK = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};
