/** Songs and users judged before any Glue run, as the script judges them too, and fixed as a version. */
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { z } from 'zod';
import { judgeReferenceFile } from '../../../activities/storage/reference-rows.ts';
import { createReferenceActivities } from '../../../activities/storage/reference.ts';
import { judgedReferenceFileSchema } from '../../../pipeline/reference.ts';
import type { JudgedReferenceFile, ReferenceKind } from '../../../pipeline/reference.ts';
import type { RunSettings } from '../../../pipeline/run-context.ts';
import { ordinarySettings } from '../../support/fakes/fake-activities.ts';
import { MemoryBucket } from '../../support/fakes/memory-bucket.ts';

const MAX_UNPACKED = 64 * 1024;

/** The script is held to the same table (`test_reference_data.py`). */
const CASES = z
  .array(
    z.object({
      name: z.string(),
      kind: z.enum(['songs', 'users']),
      content: z.string(),
      encoding: z.literal('latin1').default('utf8' as 'latin1'),
      expected: z.union([judgedReferenceFileSchema.omit({ key: true }), z.object({ problem: z.string() })]),
    }),
  )
  .parse(JSON.parse(readFileSync('test/glue-scripts/support/reference-rows.json', 'utf8')));

async function judged(
  kind: ReferenceKind,
  content: Buffer,
  size = content.length,
): Promise<JudgedReferenceFile> {
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += size) pieces.push(content.subarray(at, at + size));
  const body = Readable.from(pieces);
  return await judgeReferenceFile({
    key: 'k',
    kind,
    body,
    maxUnpackedBytes: MAX_UNPACKED,
    onProgress: () => undefined,
  });
}

describe('a row of songs or users', () => {
  for (const { name, kind, content, encoding, expected } of CASES) {
    for (const size of [1, 7, 100_000]) {
      it(`is judged as the script judges it: ${name}, ${size} bytes at a time`, async () => {
        const judging = judged(kind, Buffer.from(content, encoding), size);
        if (!('problem' in expected)) {
          expect(await judging).toEqual({ key: 'k', ...expected });
          return;
        }
        await expect(judging).rejects.toMatchObject({
          type: 'ReferenceDataInvalid',
          message: expect.stringContaining(`k: ${expected.problem}`),
        });
      });
    }
  }
});

const USERS = 'user_id,user_country\n';

describe('a compressed file of reference data', () => {
  it('may have several members and padding', async () => {
    const content = Buffer.concat([gzipSync(`${USERS}1,X\n`), gzipSync('2,\n'), Buffer.alloc(1000)]);
    expect(await judged('users', content)).toMatchObject({ rows: 2, unusable: 1 });
  });

  it('that breaks off, or unpacks to more than it may, is refused', async () => {
    const cut = gzipSync(`${USERS}1,X\n`).subarray(0, -9);
    await expect(judged('users', cut)).rejects.toMatchObject({
      type: 'ReferenceDataInvalid',
      message: expect.stringContaining('broken gzip stream'),
    });
    await expect(
      judged('users', gzipSync(USERS + `1,${'X'.repeat(999)}\n`.repeat(100))),
    ).rejects.toMatchObject({
      type: 'ReferenceDataInvalid',
      message: expect.stringContaining(`unpack to more than ${MAX_UNPACKED} bytes`),
    });
  });
});

const song = (n: number, rest = 'A,N,1000,pop'): string => `${String(n).padStart(22, '0')},${rest}\n`;
const songs = (count: number, bad = ''): string =>
  `track_id,artists,track_name,duration_ms,track_genre\n${Array.from({ length: count }, (_, n) => song(n)).join('')}${bad}`;

describe('check_reference_data', () => {
  // Says nothing of the attempt that fails: it is meant to.
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  let bucket: MemoryBucket;
  const check = async (settings: Partial<RunSettings> = {}): Promise<unknown> => {
    const { checkReferenceData } = createReferenceActivities(bucket.systems);
    const owner = { run: 'r', workflowId: 'w', originalRunId: 'f' };
    return await environment.run(checkReferenceData as (given: unknown) => Promise<unknown>, {
      owner,
      settings: { ...ordinarySettings, ...settings },
    });
  };
  const documents = (): string[] => bucket.keys('reference/versions/').filter((key) => key.endsWith('.json'));
  beforeEach(() => {
    bucket = new MemoryBucket();
    bucket.put('reference/songs/b.csv', songs(500));
    bucket.put('reference/users/users.csv', `${USERS}1,X\n2,Y\n`);
  });

  it('tells what it has found, and lists the files with their delivered keys, oldest first', async () => {
    bucket.put('reference/songs/a.csv', songs(500, song(501, 'A,N,0,pop')));
    const found = await check();
    expect(found).toEqual({
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
      songs: { files: 2, rows: 1001, unusable: 1 },
      users: { files: 1, rows: 2, unusable: 0 },
      firstBad: ['reference/songs/a.csv line 502 (bad_duration)'],
    });
    const { version } = found as { version: string };
    const document: unknown = JSON.parse(bucket.text(`reference/versions/${version}/judged.json`) ?? '');
    expect(document).toMatchObject({
      songs: [
        {
          key: 'reference/songs/b.csv',
          uri: `s3://test-bucket/reference/versions/${version}/songs/0000.csv`,
        },
        {
          key: 'reference/songs/a.csv',
          uri: `s3://test-bucket/reference/versions/${version}/songs/0001.csv`,
        },
      ],
      users: [{ key: 'reference/users/users.csv', rows: 2 }],
    });
    expect(bucket.text(`reference/versions/${version}/songs/0001.csv`)).toContain(song(501, 'A,N,0,pop'));
  });

  it('is another version when the same files come in another order', async () => {
    bucket.put('reference/songs/a.csv', songs(400));
    const before = await check();
    bucket.put('reference/songs/b.csv', songs(500));
    expect(await check()).not.toMatchObject({ version: (before as { version: string }).version });
    expect(documents()).toHaveLength(2);
  });

  it('judges each version once', async () => {
    await check();
    const [document = ''] = documents();
    bucket.put(document, (bucket.text(document) ?? '').replace('"unusable": 0', '"unusable": 3'));
    expect(await check()).toMatchObject({ songs: { unusable: 3 } });
  });

  it('judges a version again that was judged by other rules', async () => {
    await check();
    const [document = ''] = documents();
    bucket.put(document, '{ "version": 1, "rules": "0" }');
    expect(await check()).toMatchObject({ songs: { unusable: 0 } });
    expect(bucket.text(document)).toContain('reference/songs/b.csv');
  });

  it('refuses songs of which too many rows are unusable, and names the first of them', async () => {
    bucket.put('reference/songs/bad.csv', songs(0, song(1, 'A,N,x,pop').repeat(12)));
    const named = Array.from(
      { length: 10 },
      (_, n) => `reference/songs/bad.csv line ${n + 2} (bad_duration)`,
    );
    await expect(check()).rejects.toMatchObject({
      type: 'ReferenceDataInvalid',
      message: `12 of 512 rows of the songs are unusable (2.3 %, limit 1.0 %): ${named.join(', ')} and 2 more`,
    });
    expect(await check({ referenceMaxUnusableShare: 0.03 })).toMatchObject({ songs: { unusable: 12 } });
  });

  it('refuses songs written by Spark with its own escapes', async () => {
    const escaped = 'A,"He said \\"a, b\\", twice",1000,pop';
    bucket.put('reference/songs/spark.csv', songs(0, song(1, escaped).repeat(20)));
    await expect(check()).rejects.toMatchObject({
      type: 'ReferenceDataInvalid',
      message: expect.stringContaining('reference/songs/spark.csv line 2 (wrong_field_count)'),
    });
  });

  it('refuses users of whom none is usable, whatever the share may be', async () => {
    bucket.put('reference/users/users.csv', `${USERS}x,X\n`);
    await expect(check({ referenceMaxUnusableShare: 1 })).rejects.toMatchObject({
      type: 'ReferenceDataInvalid',
      message: expect.stringContaining('1 of 1 rows of the users are unusable'),
    });
  });
});
