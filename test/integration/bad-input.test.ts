/** Input as it really comes: every kind of bad file and bad row at once, and what the gate makes of too much of it. */
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { updates } from '../../workflows/pipeline/messages.ts';
import { csv, HEADER, plays } from '../support/small-world.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';

const DAY = '2024-07-01';
const TRACK = '0000000000000000000001';
const who = { by: 'ada', reason: 'looked at the rows' };

/** Twenty good rows, different for each file. */
let seed = 100;
const good = (): string[] => plays((seed += 1), 20, [DAY]);

const FILES: readonly (readonly [name: string, content: string | Buffer, expected: object])[] = [
  ['plain.csv', csv(plays(99, 500, [DAY])), { status: 'accepted' }],
  ['gz.csv', gzipSync(csv(good())), { status: 'accepted', rows: { delivered: 20 } }],
  [
    'crlf.csv',
    csv(good()).replaceAll('\n', '\r\n'),
    { status: 'accepted', rows: { delivered: 20, rejected: 0 } },
  ],
  ['bom.csv', `\uFEFF${csv(good())}`, { status: 'accepted', rows: { delivered: 20, rejected: 0 } }],
  [
    'quoted.csv',
    csv(good().map((line) => line.replace(/^(\d+),(\w+)/, '"$1","$2"'))),
    { rows: { delivered: 20, rejected: 0 } },
  ],
  [
    'extra.csv',
    csv(
      good().map((line) => `${line},phone`),
      `${HEADER},device`,
    ),
    { drift: { extraColumns: ['device'], extraColumnCount: 1 } },
  ],
  [
    'reordered.csv',
    csv(
      good().map((line) => line.split(',').reverse().join(',')),
      'listen_time,track_id,user_id',
    ),
    { rows: { delivered: 20, rejected: 0 }, drift: { reordered: true } },
  ],
  [
    'notes.csv',
    csv(
      good().map((line) => `${line},"one\r\n\ntwo"`),
      `${HEADER},note`,
    ),
    { status: 'accepted', rows: { delivered: 20, rejected: 0 } },
  ],
  [
    'padded.csv.gz',
    Buffer.concat([gzipSync(csv(good())), Buffer.alloc(4096)]),
    { status: 'accepted', rows: { delivered: 20, rejected: 0 } },
  ],
  [
    'long line.csv.gz',
    gzipSync(csv([...good(), 'a'.repeat(17 * 1024 ** 2)])),
    { status: 'rejected', problem: { code: 'line_too_long' }, rows: { rejected: 21 } },
  ],
  [
    'open quote.csv',
    csv([`${good().join('\n')},"open`, ...good()]),
    { status: 'rejected', problem: { code: 'unclosed_quote' }, rows: { rejected: 40 } },
  ],
  ['blank lines.csv', csv(good().flatMap((line) => [line, ''])), { rows: { delivered: 20, rejected: 0 } }],
  ['a+b %41 ü#?&.csv', csv(good()), { rows: { delivered: 20, rejected: 0 } }],
  ['header only.csv', csv([]), { status: 'accepted', rows: { delivered: 0 }, warnings: ['no_rows'] }],
  [
    'truncated.csv',
    `${csv(good())}7,00000000000`,
    { truncatedLastLine: true, rows: { delivered: 21, rejected: 1 }, firstBadLine: 22 },
  ],
  [
    'missing.csv',
    csv(['1,2'], 'user_id,track_id'),
    { status: 'rejected', problem: { code: 'missing_column' }, rows: { rejected: 1 } },
  ],
  [
    'renamed.csv',
    csv(['1,2,3'], 'user_id,track_id,time'),
    { status: 'rejected', problem: { code: 'missing_column' } },
  ],
  [
    'semicolons.csv',
    csv(good()).replaceAll(',', ';'),
    { status: 'rejected', problem: { code: 'missing_column' } },
  ],
  ['blank.csv', ' \n\n', { status: 'rejected', problem: { code: 'empty_file' } }],
  [
    'picture.csv',
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 1, 2]),
    { status: 'rejected', problem: { code: 'unreadable_file' } },
  ],
  [
    'broken.csv.gz',
    gzipSync(csv(good())).subarray(0, 60),
    { status: 'rejected', problem: { code: 'unreadable_file' } },
  ],
  [
    'each reason.csv',
    csv([
      `,${TRACK},${DAY} 01:00:00`,
      `1,,${DAY} 01:00:00`,
      `1,${TRACK},`,
      `1,${TRACK},yesterday`,
      `x,${TRACK},${DAY} 01:00:00`,
      `1,short,${DAY} 01:00:00`,
      `1,${TRACK},2999-01-01 00:00:00`,
      `1,zzzzzzzzzzzzzzzzzzzzzz,${DAY} 01:00:00`,
      `999,${TRACK},${DAY} 01:00:00`,
    ]),
    { rows: { delivered: 9, rejected: 7, underReview: 2 }, firstBadLine: 2 },
  ],
];

describe('bad input', () => {
  const suite = pipelineStack();
  beforeAll(async () => {
    await suite.stack.deliverReference();
  });

  async function marker(key: string): Promise<void> {
    await suite.stack.s3.send(
      new PutObjectCommand({
        Bucket: suite.stack.client.settings.bucket,
        Key: key,
        Body: '',
        ContentLength: 0,
      }),
    );
  }

  it('has a verdict for each file and row, and the good ones go on', async () => {
    for (const [name, content] of FILES) await suite.stack.deliver(name, content);
    await marker('streams/folder/');
    await marker('streams/nothing.csv');
    const { run, rows } = await suite.stack.run('everything');
    const { report, gate } = await suite.stack.client.quality.record(run);
    for (const [name, , expected] of FILES) {
      expect(report.files.find(({ key }) => key === `streams/${name}`)).toMatchObject(expected);
    }
    expect(report.files.find(({ key }) => key === 'streams/nothing.csv')).toMatchObject({
      problem: { code: 'empty_file' },
    });
    expect(report.files).toHaveLength(FILES.length + 1);
    expect(Object.values(report.reasonHits).every((hits) => hits > 0)).toBe(true);
    expect(rows?.delivered).toBe(
      (rows?.valid ?? 0) + (rows?.duplicate ?? 0) + (rows?.rejected ?? 0) + (rows?.underReview ?? 0),
    );
    expect(gate.verdict).toBe('warn');
    expect(await suite.stack.keys('streams/')).toEqual([]);
  });

  it('holds a run with more than 5 % rejected rows, and publishes when an operator approves', async () => {
    await suite.stack.deliver('held.csv', csv([...good(), 'x,y,z', 'x,y,z']));
    await suite.stack.start('held');
    expect((await suite.stack.reaches('held', 'Held')).held?.verdict.reasons[0]).toContain(
      '2 of 22 rows rejected',
    );
    await suite.stack.client.temporal.client.workflow
      .getHandle('held')
      .executeUpdate(updates.approve, { args: [who] });
    expect(await suite.stack.result('held')).toMatchObject({
      outcome: 'published',
      rows: { valid: 20, rejected: 2 },
    });
  });

  it('sets the input aside and publishes nothing when an operator rejects', async () => {
    const before = await suite.stack.rows();
    await suite.stack.deliver('refused.csv', csv([...good(), 'x,y,z', 'x,y,z']));
    await suite.stack.start('refused');
    await suite.stack.reaches('refused', 'Held');
    await suite.stack.client.temporal.client.workflow
      .getHandle('refused')
      .executeUpdate(updates.reject, { args: [who] });
    const { outcome, run } = await suite.stack.result('refused');
    expect(outcome).toBe('rejected');
    expect(await suite.stack.rows()).toEqual(before);
    expect(await suite.stack.keys('streams/')).toEqual([]);
    expect(await suite.stack.keys(`quarantine/run=${run}/`)).toContain(
      `quarantine/run=${run}/streams/refused.csv`,
    );
  });
});
