/** How rows become the text of a file: header, column order, quoting, line ends, and the ways in which a file is broken. */
import type { Trait } from './options.ts';
import type { Row } from './rows.ts';
import type { StreamFile } from './stream-files.ts';

const BYTE_ORDER_MARK = '\uFEFF';

/** What a file may have in a column of this name. */
const VALUES = {
  user_id: (row: Row) => row.userId,
  track_id: (row: Row) => row.trackId,
  listen_time: (row: Row) => row.listenTime,
  song: (row: Row) => row.trackId,
  device: () => 'phone',
  session: (row: Row) => `s-${row.userId}`,
} as const;
type Column = keyof typeof VALUES;

/** The text of a stream file in pieces of about a line; `onRow` sees every row as it is written. */
export function* encodeStream(file: StreamFile, onRow: (row: Row) => void): Generator<string> {
  if (file.broken === 'empty') return;
  if (file.broken === 'not_csv') {
    // The beginning of a PNG image, on one line.
    yield '\u0089PNG\u001a\u0000\u0000\u0000\u000dIHDR\u0000\u0000\u0004\u0000';
    return;
  }
  const has = (trait: Trait): boolean => file.traits.includes(trait);
  const columns = columnsOf(file, has);
  const values = columns.map((column) =>
    column === 'listen_time' && has('iso_times') ? isoTime : VALUES[column],
  );
  const lineEnd = has('crlf') ? '\r\n' : '\n';
  const separator = has('quoted') ? '","' : ',';
  const quote = has('quoted') ? '"' : '';
  const line = (fields: readonly string[]): string => `${quote}${fields.join(separator)}${quote}`;

  yield `${has('bom') ? BYTE_ORDER_MARK : ''}${line(columns)}`;
  for (const row of file.rows()) {
    onRow(row);
    yield `${lineEnd}${line(values.map((value) => value(row)))}`;
  }
  if (!has('no_final_newline') && !has('truncated_last_line')) yield lineEnd;
}

function columnsOf({ broken }: StreamFile, has: (trait: Trait) => boolean): Column[] {
  if (broken === 'missing_column') return ['user_id', 'track_id'];
  if (broken === 'renamed_column') return ['user_id', 'song', 'listen_time'];
  if (has('reordered_columns')) return ['listen_time', 'user_id', 'track_id'];
  const further: Column[] = has('extra_columns') ? ['device', 'session'] : [];
  return ['user_id', 'track_id', 'listen_time', ...further];
}

/** `2024-06-25 10:00:00` -> `2024-06-25T10:00:00Z`; what is no time stays as it is. */
function isoTime({ listenTime }: Row): string {
  const isTime = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(listenTime);
  return isTime ? `${listenTime.replace(' ', 'T')}Z` : listenTime;
}
