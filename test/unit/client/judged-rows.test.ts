import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DuckDBInstance } from '@duckdb/node-api';
import { notFound } from '../../../client/errors.ts';
import { Quality, type JudgedRow } from '../../../client/quality.ts';
import { REASONS, type ValidationReport } from '../../../pipeline/reports.ts';

const none = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as ValidationReport['firstReasons'];
const noRows = { delivered: 0, valid: 0, duplicate: 0, rejected: 0, underReview: 0 };
const noReference = {
  ...{ rows: 0, unique: 0, duplicates: 0, unusable: 0, conflicts: 0 },
  ...{ firstConflicts: [], files: [] },
};

function recordWith(errors: ValidationReport['errors'], review: ValidationReport['review']): unknown {
  const report: ValidationReport = {
    version: 1,
    run: 'r',
    jobRunId: 'jr_1',
    scriptDigest: 'd',
    startedAt: '2024-06-25T03:00:00Z',
    finishedAt: '2024-06-25T03:01:00Z',
    stage: 'validation',
    ruleVersion: '1',
    referenceVersion: 'v',
    rows: noRows,
    firstReasons: none,
    reasonHits: none,
    files: [],
    hours: [],
    completeness: { missingHours: [], daysWithMissingHours: 0 },
    parts: [],
    errors,
    review,
    ruleset: { score: 1, results: [] },
    reference: { version: 'v', songs: noReference, users: noReference },
  };
  return { version: 1, run: 'r', gate: { verdict: 'pass', reasons: [] }, losses: [], report };
}

/** A bucket that holds these objects. */
function qualityOver(objects: ReadonlyMap<string, Uint8Array>): Quality {
  const bytes = (key: string): Promise<Uint8Array> => {
    const found = objects.get(key);
    return found === undefined ? Promise.reject(notFound(key)) : Promise.resolve(found);
  };
  const text = async (key: string): Promise<string> => Buffer.from(await bytes(key)).toString('utf8');
  return new Quality({
    name: 'b',
    bytes,
    text,
    json: async (key, schema) => schema.parse(JSON.parse(await text(key))),
  });
}

async function all(rows: AsyncIterable<JudgedRow>): Promise<JudgedRow[]> {
  const taken: JudgedRow[] = [];
  for await (const row of rows) taken.push(row);
  return taken;
}

describe('rows that were not accepted', () => {
  let folder: string;
  const objects = new Map<string, Uint8Array>();
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  const rows = 12_345;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'msp-rows-'));
    const file = join(folder, 'errors.parquet');
    const connection = await (await DuckDBInstance.create()).connect();
    await connection.run(
      `COPY (SELECT 'streams/a.csv' AS key, (range + 2)::BIGINT AS line, 'rejected' AS verdict,
         ['missing_user_id', 'bad_track_id'] AS reasons, NULL::VARCHAR AS user_id, 'short' AS track_id,
         '2024-06-25 10:00:00' AS listen_time, ',short,2024-06-25 10:00:00' AS raw
       FROM range(${rows})) TO '${file}' (FORMAT parquet, COMPRESSION snappy)`,
    );
    connection.closeSync();
    objects.set('errors.parquet', await readFile(file));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  const record = (errors: ValidationReport['errors'], review: ValidationReport['review']): void => {
    objects.set('processed/runs/r/quality.json', json(recordWith(errors, review)));
  };
  const nothing = { rows: 0, files: [] };

  it('are read from Parquet, all of them, with every reason', async () => {
    const size = objects.get('errors.parquet')?.length ?? 0;
    record({ rows, files: [{ key: 'errors.parquet', size, rows }] }, nothing);
    const read = await all(qualityOver(objects).rows('r', 'errors'));
    expect(read).toHaveLength(rows);
    expect(read.at(-1)).toEqual({
      key: 'streams/a.csv',
      line: rows + 1,
      verdict: 'rejected',
      reasons: ['missing_user_id', 'bad_track_id'],
      user_id: null,
      track_id: 'short',
      listen_time: '2024-06-25 10:00:00',
      raw: ',short,2024-06-25 10:00:00',
    });
  });

  it('are read from JSON lines too', async () => {
    const row = {
      key: 'streams/a.csv',
      line: 7,
      verdict: 'under_review',
      reasons: ['unknown_user'],
      user_id: '9',
    };
    objects.set(
      'review.json',
      Buffer.from(`${JSON.stringify(row)}\n${JSON.stringify({ ...row, line: 8 })}\n`),
    );
    record(nothing, { rows: 2, files: [{ key: 'review.json', size: 1, rows: 2 }] });
    const read = await all(qualityOver(objects).rows('r', 'review'));
    expect(read.map(({ line }) => line)).toEqual([7, 8]);
  });

  it('of a run without a quality record are not found, and it is said why', async () => {
    await expect(all(qualityOver(new Map()).rows('r', 'errors'))).rejects.toMatchObject({
      code: 'NotFound',
      advice: expect.stringMatching(/before its quality gate/),
    });
  });
});
