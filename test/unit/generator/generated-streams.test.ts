import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encodeStream } from '../../../local/generator/encode.ts';
import { BAD_ROWS, everyBadRow, type DatasetOptions } from '../../../local/generator/options.ts';
import type { Row } from '../../../local/generator/rows.ts';
import { generateStreams, type StreamFile } from '../../../local/generator/stream-files.ts';
import { tallyOf } from '../../../local/generator/truth.ts';

const small: DatasetOptions = { songs: 50, users: 40, playsPerDay: 300, filesPerDay: 3 };

const textOf = (file: StreamFile): string => [...encodeStream(file, () => undefined)].join('');
const keyOf = (row: Row): string => `${row.userId},${row.trackId},${row.listenTime}`;

function onlyFile(options: DatasetOptions): StreamFile {
  const [file] = generateStreams({ ...small, filesPerDay: 1, ...options });
  if (file === undefined) throw new Error('no file was generated');
  return file;
}

describe('generated stream files', () => {
  it('are the same for the same seed and differ for another', () => {
    const texts = (seed: number): string[] => generateStreams({ ...small, seed }).map(textOf);
    expect(texts(7)).toEqual(texts(7));
    expect(texts(7)).not.toEqual(texts(8));
  });

  it('name each play once as valid and every repetition as duplicate, across all files', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer({ min: 0, max: 0xffff_ffff }),
          playsPerDay: fc.integer({ min: 0, max: 400 }),
          filesPerDay: fc.integer({ min: 1, max: 4 }),
          days: fc.integer({ min: 1, max: 3 }),
          duplicatesWithinFiles: fc.double({ min: 0, max: 0.5, noNaN: true }),
          duplicatesBetweenFiles: fc.double({ min: 0, max: 0.5, noNaN: true }),
        }),
        (options) => {
          const files = generateStreams({
            ...options,
            songs: 5,
            users: 3,
            lateFilesPerDay: 2,
            lateFilePlays: 20,
            midnightFiles: true,
            midnightFilePlays: 30,
            badRows: everyBadRow(0.05),
          });
          const seen = new Set<string>();
          const wrong: Row[] = [];
          for (const row of files.flatMap((file) => [...file.rows()])) {
            if (row.day === undefined) continue;
            if (row.verdict !== (seen.has(keyOf(row)) ? 'duplicate' : 'valid')) wrong.push(row);
            seen.add(keyOf(row));
          }
          expect(wrong).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('put in exactly the asked share of each kind of bad row, with its reason', () => {
    const file = onlyFile({ badRows: everyBadRow(0.01) });
    const tally = tallyOf(file);
    for (const row of file.rows()) tally.add(row);
    const { rows, reasonHits, firstReasons } = tally.result();
    expect(rows.rejected + rows.underReview).toBe(BAD_ROWS.length * 3);
    expect(rows.underReview).toBe(6);
    expect(rows.delivered).toBe(rows.valid + rows.duplicate + rows.rejected + rows.underReview);
    // The combined rows count for each of their reasons, and first for the missing user.
    expect(reasonHits).toMatchObject({
      unknown_track: 3,
      missing_user_id: 6,
      bad_listen_time: 6,
      bad_track_id: 6,
    });
    expect(firstReasons).toMatchObject({ missing_user_id: 6, bad_listen_time: 3, bad_track_id: 3 });
  });

  it('of one day share users and cover the whole day', () => {
    const [first, second] = generateStreams({ ...small, users: 20, playsPerDay: 3000 }).map((file) => [
      ...file.rows(),
    ]);
    const users = new Set(first?.map((row) => row.userId));
    expect(second?.some((row) => users.has(row.userId))).toBe(true);
    const hours = (rows: Row[] | undefined): number =>
      new Set(rows?.map((row) => row.listenTime.slice(11, 13))).size;
    expect(hours(first)).toBe(24);
    expect(hours(second)).toBe(24);
  });

  it('put all days into one file when asked', () => {
    const files = generateStreams({ ...small, days: 3, singleFile: true, duplicatesWithinFiles: 0 });
    expect(files.map(({ name }) => name)).toEqual(['streams-2024-06-25-to-2024-06-27.csv']);
    const [rows] = files.map((file) => [...file.rows()]);
    expect(new Set(rows?.map(keyOf)).size).toBe(900);
    expect(new Set(rows?.map((row) => row.day)).size).toBe(3);
  });

  it('of one day are in the order of their names', () => {
    const names = generateStreams({ ...small, filesPerDay: 11 }).map(({ name }) => name);
    expect([...names].sort()).toEqual(names);
  });

  it('that span midnight have plays of both days', () => {
    const file = generateStreams({ ...small, midnightFiles: true }).find(({ kind }) => kind === 'midnight');
    const days = new Set([...(file?.rows() ?? [])].map((row) => row.day));
    expect(days).toEqual(new Set(['2024-06-25', '2024-06-26']));
  });

  it('correct the last file of a day under its name, withdrawing some plays and adding others', () => {
    const files = generateStreams({ ...small, corrections: 1 });
    const correction = files.find(({ kind }) => kind === 'correction');
    const original = files.find(({ kind, name }) => kind === 'regular' && name === correction?.name);
    const valid = (file: StreamFile | undefined): Set<string> =>
      new Set([...(file?.rows() ?? [])].filter((row) => row.verdict === 'valid').map(keyOf));
    const [before, after] = [valid(original), valid(correction)];
    expect([...before].filter((play) => !after.has(play))).toHaveLength(10);
    expect([...after].filter((play) => !before.has(play))).toHaveLength(4);
  });

  it('refuse more plays than the users can have', () => {
    expect(() => generateStreams({ users: 1, playsPerDay: 100_000 })).toThrow(/raise users/);
  });
});

describe('formats of generated files', () => {
  it.each([
    ['crlf', /^user_id,track_id,listen_time\r\n\d+,\w{22},2024-06-25 [\d:]{8}\r\n/],
    ['bom', /^\uFEFFuser_id,/],
    ['quoted', /^"user_id","track_id","listen_time"\n"\d+",/],
    ['iso_times', /,2024-06-25T[\d:]{8}Z\n/],
    ['extra_columns', /^user_id,track_id,listen_time,device,session\n\d+,\w{22},[^,]+,phone,s-\d+\n/],
    ['reordered_columns', /^listen_time,user_id,track_id\n2024-06-25 [\d:]{8},\d+,\w{22}\n/],
    ['no_final_newline', /\d$/],
    ['truncated_last_line', /,\w{22},2024-06-$/],
    ['bom+crlf', /^\uFEFFuser_id,track_id,listen_time\r\n/],
  ])('%s', (format, expected) => {
    expect(textOf(onlyFile({ formats: [format] }))).toMatch(expected);
  });

  it('count a truncated last line as rejected for its time', () => {
    const file = onlyFile({ formats: ['truncated_last_line'], duplicatesWithinFiles: 0 });
    expect([...file.rows()].at(-1)).toMatchObject({ verdict: 'rejected', reasons: ['bad_listen_time'] });
  });

  it('gzip is told by the name', () => {
    expect(onlyFile({ formats: ['gzip'] }).name).toBe('streams-2024-06-25-1.csv.gz');
  });

  it('refuse to truncate where the time is not the last field', () => {
    expect(() => onlyFile({ formats: ['truncated_last_line+reordered_columns'] })).toThrow(
      /must be the last/,
    );
  });

  it.each([
    ['missing_column', /^user_id,track_id\n\d+,\w{22}\n/],
    ['renamed_column', /^user_id,song,listen_time\n/],
    ['header_only', /^user_id,track_id,listen_time\n$/],
    ['empty', /^$/],
    ['not_csv', /PNG/],
  ] as const)('broken file: %s', (kind, expected) => {
    const file = generateStreams({ ...small, brokenFiles: [kind] }).find(({ broken }) => broken === kind);
    if (file === undefined) throw new Error('no broken file was generated');
    expect(textOf(file)).toMatch(expected);
  });
});
