/** How rows become the text of a file: header, column order, quoting, line ends, and the ways in which a file is broken. */
import type { BrokenFile, Trait } from './options.ts';
import type { Row } from './rows.ts';
import type { StreamFile } from './stream-files.ts';

const HEADER = ['user_id', 'track_id', 'listen_time'] as const;
const BYTE_ORDER_MARK = '\uFEFF';

interface Encoder {
  readonly header: readonly string[];
  readonly fields: (row: Row) => readonly string[];
}

/** The text of a stream file in pieces of about a line; `onRow` sees every row as it is written. */
export function* encodeStream(file: StreamFile, onRow: (row: Row) => void): Generator<string> {
  if (file.broken === 'empty') return;
  if (file.broken === 'not_csv') {
    // The beginning of a PNG image, on one line.
    yield '\u0089PNG\u001a\u0000\u0000\u0000\u000dIHDR\u0000\u0000\u0004\u0000';
    return;
  }
  const has = (trait: Trait): boolean => file.traits.includes(trait);
  const encoder = file.broken === undefined ? goodEncoder(has) : brokenEncoder(file.broken);
  const lineEnd = has('crlf') ? '\r\n' : '\n';
  const separator = has('quoted') ? '","' : ',';
  const quote = has('quoted') ? '"' : '';
  const line = (fields: readonly string[]): string => `${quote}${fields.join(separator)}${quote}`;

  yield `${has('bom') ? BYTE_ORDER_MARK : ''}${line(encoder.header)}`;
  for (const row of file.rows()) {
    onRow(row);
    yield `${lineEnd}${line(encoder.fields(row))}`;
  }
  if (!has('no_final_newline') && !has('truncated_last_line')) yield lineEnd;
}

function goodEncoder(has: (trait: Trait) => boolean): Encoder {
  const time = has('iso_times') ? isoTime : (text: string): string => text;
  if (has('reordered_columns')) {
    return {
      header: ['listen_time', 'user_id', 'track_id'],
      fields: (row) => [time(row.listenTime), row.userId, row.trackId],
    };
  }
  if (has('extra_columns')) {
    return {
      header: [...HEADER, 'device', 'session'],
      fields: (row) => [row.userId, row.trackId, time(row.listenTime), 'phone', `s-${row.userId}`],
    };
  }
  return { header: HEADER, fields: (row) => [row.userId, row.trackId, time(row.listenTime)] };
}

function brokenEncoder(kind: BrokenFile): Encoder {
  const all = (row: Row): readonly string[] => [row.userId, row.trackId, row.listenTime];
  switch (kind) {
    case 'missing_column':
      return { header: ['user_id', 'track_id'], fields: (row) => [row.userId, row.trackId] };
    case 'renamed_column':
      return { header: ['user_id', 'song', 'listen_time'], fields: all };
    case 'header_only':
    case 'empty':
    case 'not_csv':
      return { header: HEADER, fields: all };
  }
}

/** `2024-06-25 10:00:00` -> `2024-06-25T10:00:00Z`; what is no time stays as it is. */
function isoTime(text: string): string {
  return /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(text) ? `${text.replace(' ', 'T')}Z` : text;
}
