/**
 * Judging the rows of songs and users as they are read, in constant memory, by the rules of `pipeline/reference.ts`. What
 * a script makes of the same file is the same: both are held to one table of cases.
 */
import { isUtf8 } from 'node:buffer';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ApplicationFailure } from '@temporalio/common';
import { CsvError, parse } from 'csv-parse';
import { FIRST } from '../../pipeline/first-few.ts';
import { REFERENCE_COLUMNS, REFERENCE_REASONS, trimmed, unusableReason } from '../../pipeline/reference.ts';
import type { JudgedReferenceFile, ReferenceKind, ReferenceReason } from '../../pipeline/reference.ts';
import { failure } from '../call.ts';
import { traitsOf } from '../../systems/aws/errors.ts';

/** Far longer than any row; also the longest field that the scripts' reader takes. */
const LONGEST_ROW_BYTES = 128 * 1024;

/** A line is looked at as a whole. */
const LONGEST_LINE_BYTES = 16 * 1024 ** 2;

const LF = 0x0a;
const CR = 0x0d;

export interface ReferenceSource {
  /** As delivered. */
  readonly key: string;
  readonly kind: ReferenceKind;
  readonly body: Readable;
  /** What it may unpack to when it is compressed, in bytes. */
  readonly maxUnpackedBytes: number;
  /** Called with the bytes read so far; what it throws ends the reading. */
  readonly onProgress: (bytes: number) => void;
}

/** @throws `ReferenceDataInvalid` when it is no CSV in UTF-8 with the columns that are needed */
export async function judgeReferenceFile(source: ReferenceSource): Promise<JudgedReferenceFile> {
  const { key, kind } = source;
  const counts = Object.fromEntries(REFERENCE_REASONS.map((reason) => [reason, 0])) as Record<
    ReferenceReason,
    number
  >;
  const firstBad: JudgedReferenceFile['firstBad'] = [];
  let rows = 0;
  let unusable = 0;
  let header: string[] | undefined;
  for await (const { line, fields } of rowsOf(source)) {
    if (header === undefined) {
      header = fields.map(trimmed);
      requireColumns(source, header);
      continue;
    }
    rows += 1;
    const reason = reasonOf(kind, header, fields);
    if (reason === undefined) continue;
    unusable += 1;
    counts[reason] += 1;
    if (firstBad.length < FIRST) firstBad.push({ line, reason });
  }
  if (header === undefined) requireColumns(source, []);
  const reasons = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
  return { key, rows, unusable, reasons, firstBad };
}

function reasonOf(
  kind: ReferenceKind,
  header: readonly string[],
  fields: readonly string[],
): ReferenceReason | undefined {
  if (fields.length !== header.length) return 'wrong_field_count';
  return unusableReason(kind, (column) => fields[header.indexOf(column)] ?? '');
}

function requireColumns({ key, kind }: ReferenceSource, header: readonly string[]): void {
  const missing = REFERENCE_COLUMNS[kind].filter((column) => !header.includes(column));
  if (missing.length === 0) return;
  throw invalid(`${key}: the ${kind} lack the column ${missing.join(', ')}`);
}

interface Row {
  /** The physical line where it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Rows with content, the header first. */
async function* rowsOf(source: ReferenceSource): AsyncGenerator<Row> {
  const { key, kind } = source;
  const parser = parse({
    bom: true,
    raw: true,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: LONGEST_ROW_BYTES,
  });
  const feeding = feed(source, parser);
  // What ends it ends the parser, too, which tells it below.
  feeding.catch(() => undefined);
  let line = 1;
  try {
    for await (const parsed of parser) {
      const { raw, record: fields } = parsed as { raw: string; record: string[] };
      const begins = line;
      line += raw.match(/\r\n?|\n/g)?.length ?? 0;
      if (fields.length > 1 || trimmed(fields[0] ?? '') !== '') yield { line: begins, fields };
    }
    await feeding;
  } catch (error) {
    if (error instanceof ApplicationFailure) throw error;
    if (error instanceof CsvError)
      throw invalid(`${key}: the ${kind} are not CSV from line ${line} on (${error.code})`, error);
    const code = traitsOf(error).code ?? '';
    if (code.startsWith('Z_')) throw invalid(`${key}: the ${kind} are a broken gzip stream (${code})`, error);
    throw error;
  }
}

async function feed(source: ReferenceSource, parser: ReturnType<typeof parse>): Promise<void> {
  const pieces = source.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const first = await pieces.next();
  const whole = async function* (): AsyncGenerator<Buffer> {
    for (let piece = first; piece.done !== true; piece = await pieces.next()) yield piece.value;
  };
  // The first two bytes of every gzip file (RFC 1952).
  const isGzip = first.done !== true && first.value[0] === 0x1f && first.value[1] === 0x8b;
  const checked = (content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> => utf8(content, source, isGzip);
  await (isGzip ? pipeline(whole, createGunzip(), checked, parser) : pipeline(whole, checked, parser));
}

/** The content as it is, as long as it is UTF-8 and within its limits. */
async function* utf8(
  content: AsyncIterable<Buffer>,
  { key, kind, maxUnpackedBytes, onProgress }: ReferenceSource,
  isGzip: boolean,
): AsyncGenerator<Buffer> {
  let size = 0;
  let line = 1;
  let rest = Buffer.alloc(0);
  const check = (lines: Buffer): void => {
    if (!isUtf8(lines)) {
      const bad = line + linesBeforeBad(lines);
      throw invalid(`${key}: line ${bad} of the ${kind} is not UTF-8; deliver them in UTF-8`);
    }
    line += lineEnds(lines);
  };
  for await (const piece of content) {
    size += piece.length;
    onProgress(size);
    if (isGzip && size > maxUnpackedBytes)
      throw invalid(`${key}: the ${kind} unpack to more than ${maxUnpackedBytes} bytes`);
    const data = Buffer.concat([rest, piece]);
    // Behind a carriage return at the very end a line feed may follow.
    const end = Math.max(data.lastIndexOf(LF), data.length > 1 ? data.lastIndexOf(CR, data.length - 2) : -1);
    check(data.subarray(0, end + 1));
    rest = data.subarray(end + 1);
    if (rest.length > LONGEST_LINE_BYTES)
      throw invalid(`${key}: line ${line} of the ${kind} is longer than ${LONGEST_LINE_BYTES} bytes`);
    yield piece;
  }
  check(rest);
}

function lineEnds(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] === LF ? bytes[at - 1] !== CR : bytes[at] === CR) count += 1;
  }
  return count;
}

function linesBeforeBad(lines: Buffer): number {
  let begins = 0;
  for (let at = 0; at < lines.length; at += 1) {
    if (lines[at] !== LF && lines[at] !== CR) continue;
    if (!isUtf8(lines.subarray(begins, at))) break;
    begins = at + 1;
  }
  return lineEnds(lines.subarray(0, begins));
}

function invalid(message: string, cause?: unknown): ApplicationFailure {
  return failure('ReferenceDataInvalid', message, cause);
}
