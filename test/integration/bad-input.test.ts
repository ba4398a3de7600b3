/** Input as it really comes: every kind of bad file and bad row at once, and what the gate makes of too much of it. */
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { viewOf } from '../../client/run-view.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import { updates } from '../../workflows/pipeline/messages.ts';
import { msp } from '../support/cli.ts';
import { csv, HEADER, plays } from '../support/data/small-world.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';

const DAY = '2024-07-01';
const TRACK = '0000000000000000000001';
const who = { by: 'ada', reason: 'looked at the rows' };

/** Twenty good rows, different for each file. */
let seed = 100;
const good = (): string[] => plays((seed += 1), 20, [DAY]);

/** Beside so many good rows the bad ones stay below the limit of the gate. */
const PLAIN = csv(plays(99, 2_000, [DAY]));

/** Times that exporters write where they know none. */
const PLACEHOLDERS = ['0001-01-01', '1582-10-15', '1899-12-30', '1900-01-01', '1970-01-01'];

/** Files that bring all of a day. */
const [DAILY, EMPTIED, COPIED] = ['2024-08-01', '2024-08-02', '2024-08-03'] as const;

const FILES: readonly (readonly [name: string, content: string | Buffer, expected: object])[] = [
  ['plain.csv', PLAIN, { status: 'accepted' }],
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
  [
    'placeholders.csv',
    csv(PLACEHOLDERS.map((day) => `1,${TRACK},${day} 00:00:00`)),
    { rows: { delivered: 5, rejected: 0 } },
  ],
  ['daily.csv', csv(plays(201, 30, [DAILY])), { status: 'accepted' }],
  ['emptied.csv', csv(plays(202, 30, [EMPTIED])), { status: 'accepted' }],
  ['copied.csv', csv(plays(203, 30, [COPIED])), { status: 'accepted' }],
];

/** Empty or not, they are no deliveries. */
const MARKERS = ['streams/.DS_Store', 'streams/_committed_8236417823', 'streams/_started_8236417823'];

describe('bad input', () => {
  const suite = pipelineStack({ spark: ['validate_data', 'compute_kpis'] });
  beforeAll(async () => {
    await suite.stack.deliverReference();
  });

  /** As other tools than ours put it. */
  async function put(key: string, body = ''): Promise<void> {
    const Bucket = suite.stack.client.settings.bucket;
    const ContentLength = Buffer.byteLength(body);
    await suite.stack.s3.send(new PutObjectCommand({ Bucket, Key: key, Body: body, ContentLength }));
  }

  async function all(prefix: string): Promise<string[]> {
    const Bucket = suite.stack.client.settings.bucket;
    const { Contents = [] } = await suite.stack.s3.send(new ListObjectsV2Command({ Bucket, Prefix: prefix }));
    return Contents.flatMap(({ Key }) => Key ?? []);
  }

  async function playsOf(day: string): Promise<number | undefined> {
    return (await suite.stack.items()).get(`daily_listen_count#${day}#all`)?.value;
  }

  async function recordOf(run: string): Promise<Record<string, unknown>> {
    const { Body: body } = await suite.stack.s3.send(
      new GetObjectCommand({
        Bucket: suite.stack.client.settings.bucket,
        Key: `processed/runs/${run}/record.json`,
      }),
    );
    return JSON.parse((await body?.transformToString()) ?? '') as Record<string, unknown>;
  }

  it('has a verdict for each file and row, and the good ones go on', async () => {
    for (const [name, content] of FILES) await suite.stack.deliver(name, content);
    await put('streams/folder/');
    await put('streams/nothing.csv');
    await put('streams/plays of a folder/', csv(good()));
    for (const marker of MARKERS) await put(marker, marker);
    const { run, rows, days, dayCount } = await suite.stack.run('everything');
    const { report, gate } = await suite.stack.client.quality.record(run);
    for (const [name, , expected] of FILES) {
      expect(report?.files.find(({ key }) => key === `streams/${name}`)).toMatchObject(expected);
    }
    expect(report?.files.find(({ key }) => key === 'streams/nothing.csv')).toMatchObject({
      problem: { code: 'empty_file' },
    });
    expect(report?.files.find(({ key }) => key === 'streams/plays of a folder/')).toMatchObject({
      rows: { delivered: 20, rejected: 0 },
    });
    expect(report?.files).toHaveLength(FILES.length + 2);
    expect(Object.values(report?.reasonHits ?? { none: 0 }).every((hits) => hits > 0)).toBe(true);
    expect(rows?.delivered).toBe(
      (rows?.valid ?? 0) + (rows?.duplicate ?? 0) + (rows?.rejected ?? 0) + (rows?.underReview ?? 0),
    );
    expect(gate.verdict).toBe('warn');
    expect(gate.reasons.find((reason) => reason.includes('366 days'))).toBe(
      `5 days more than 366 days from ${DAY}, around which the run's plays are: ${PLACEHOLDERS.map((day) => `${day} (1 row)`).join(', ')}`,
    );
    expect(days).toHaveLength(dayCount);
    expect(await all('streams/')).toEqual(expect.arrayContaining(MARKERS));
    expect(await all('streams/')).not.toContain('streams/plays of a folder/');
    expect((await all('archived/')).filter((key) => key.endsWith('/plays of a folder/'))).toHaveLength(1);
    expect(await recordOf(run)).toMatchObject({ outcome: 'published', days, rows });
  });

  it('finds nothing new, and says what it passes over, where only markers are left', async () => {
    suite.stack.sparkFor();
    const glue = (await suite.stack.glueRuns()).length;
    const { run, outcome } = await suite.stack.run('markers');
    expect(outcome).toBe('no new input');
    expect(await suite.stack.glueRuns()).toHaveLength(glue);
    expect(await recordOf(run)).toMatchObject({ outcome: 'no new input', days: [] });
    const { checkpoints } = await viewOf(suite.stack.client, await suite.stack.client.runs.find('markers'));
    expect(checkpoints.map(({ stage }) => stage)).toEqual([...STAGE_NAMES]);
    expect(checkpoints.find(({ stage }) => stage === 'check_for_new_streams')).toMatchObject({
      outcome: 'done',
      summary: 'nothing new, 3 objects with hidden names left out',
    });
    expect(checkpoints.find(({ stage }) => stage === 'validation')).toMatchObject({ outcome: 'not needed' });
  });

  it('holds a run that loses rows, or would take plays away, and publishes when an operator approves', async () => {
    await suite.stack.deliver('held.csv', csv([...good(), 'x,y,z', 'x,y,z']));
    await suite.stack.deliver('lost whole.csv', csv(good()).replaceAll(',', ';'));
    await suite.stack.deliver('daily.csv', csv(plays(204, 30, ['2024-08-04'])));
    // Not the bytes of the other file without rows, which are known.
    await suite.stack.deliver('emptied.csv', `${csv([])}\n`);
    await suite.stack.start('held');
    const { held, run } = await suite.stack.reaches('held', 'Held');
    const [rejected, lost, nothing] = held?.verdict.reasons ?? [];
    expect(rejected).toBe('22 of 72 rows rejected (30.6 %, limit 5.0 %), 20 of them in files rejected whole');
    const were = { daily: await playsOf(DAILY), emptied: await playsOf(EMPTIED) };
    expect(lost).toContain(
      `${DAILY} (${were.daily} of ${were.daily} plays stop counting, 0 come instead), ` +
        `${EMPTIED} (${were.emptied} of ${were.emptied} plays stop counting, 0 come instead), ` +
        'by what came as streams/daily.csv, streams/emptied.csv',
    );
    expect(nothing).toContain('1 file would replace published plays with nothing: streams/emptied.csv');
    const shown = await msp(suite.stack.running.environment.operator, 'quality', 'held');
    expect(shown.stdout).toContain(lost);
    expect(shown.stdout).toMatch(new RegExp(`Plays that stop counting[^]*${DAILY}[^]*streams/daily.csv`));
    expect((await suite.stack.client.quality.record(run)).losses.map(({ day }) => day)).toEqual([
      DAILY,
      EMPTIED,
    ]);
    await suite.stack.client.temporal.client.workflow
      .getHandle('held')
      .executeUpdate(updates.approve, { args: [who] });
    expect(await suite.stack.result('held')).toMatchObject({
      outcome: 'published',
      rows: { rejected: 22 },
    });
    expect([await playsOf(DAILY), await playsOf(EMPTIED)]).toEqual([undefined, undefined]);
    expect(await playsOf('2024-08-04')).toBeGreaterThan(0);
  });

  it('holds a run with nothing to validate whose file takes a day away, and leaves all as it was when it is rejected', async () => {
    const before = await suite.stack.rows();
    const glue = (await suite.stack.glueRuns()).length;
    await suite.stack.deliver('copied.csv', PLAIN);
    await suite.stack.start('copied');
    const { held } = await suite.stack.reaches('copied', 'Held');
    expect(held?.verdict.reasons[0]).toMatch(new RegExp(`${COPIED} .* by what came as streams/copied.csv`));
    await suite.stack.client.temporal.client.workflow
      .getHandle('copied')
      .executeUpdate(updates.reject, { args: [who] });
    const { outcome, run } = await suite.stack.result('copied');
    expect(outcome).toBe('rejected');
    expect(await suite.stack.rows()).toEqual(before);
    expect(await suite.stack.glueRuns()).toHaveLength(glue);
    expect(await suite.stack.keys(`quarantine/run=${run}/`)).toContain(
      `quarantine/run=${run}/streams/copied.csv`,
    );
    expect(await recordOf(run)).toMatchObject({ outcome: 'rejected', days: [] });
    // Its key stands for what it stood for: the next run has nothing to hold.
    expect((await suite.stack.run('after')).outcome).toBe('no new input');
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
    expect(await suite.stack.keys('streams/')).not.toContain('streams/refused.csv');
    expect(await suite.stack.keys(`quarantine/run=${run}/`)).toContain(
      `quarantine/run=${run}/streams/refused.csv`,
    );
  });
});
