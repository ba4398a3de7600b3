import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jsonOf, msp } from '../../support/cli.ts';

describe('wrong use', () => {
  it.each([
    ['an unknown command', ['kpi'], /unknown command 'kpi'[\s\S]*Did you mean kpis/],
    ['an unknown option', ['runs', '--limt', '3'], /unknown option '--limt'/],
    ['a missing argument', ['retry', '--reason', 'r'], /missing required argument 'run'/],
    ['a missing reason', ['approve', 'r'], /required option '--reason/],
    ['a bad date', ['kpis', '--date', 'yesterday'], /--date "yesterday": expected a UTC date/],
    ['a day that there is not', ['run', '--date', '2024-02-30'], /--date "2024-02-30": expected a UTC date/],
    ['an unknown metric', ['kpis', '--date', '2024-06-25', '--metric', 'x'], /Allowed choices are/],
    [
      'a dimension without value',
      ['kpis', '--date', '2024-06-25', '--dimension', 'x'],
      /--dimension "x": expected name=value/,
    ],
    ['nothing to deliver', ['ingest'], /No file was named/],
    ['one key for two files', ['ingest', 'a', 'b', '--key', 'k'], /--key names one file, but 2 files/],
    ['a bad number of workers', ['run', '--number-of-workers', '1'], /--number-of-workers 1: /],
    [
      'a bad share of bad rows',
      ['generate', '--dir', 'd', '--bad', 'unknown_track=7'],
      /--bad "unknown_track=7": /,
    ],
    [
      'a bad row without a share',
      ['generate', '--dir', 'd', '--bad', 'odd'],
      /--bad "odd": expected name=value/,
    ],
    ['an unknown bad row', ['generate', '--dir', 'd', '--bad', 'odd=0.1'], /--bad "odd=0.1": /],
    ['an empty share', ['generate', '--dir', 'd', '--all-bad', ''], /--all-bad "": expected a number/],
    ['an unknown format', ['generate', '--dir', 'd', '--formats', 'gzip+zip'], /--formats "gzip\+zip": /],
    ['a number that is none', ['run', '--number-of-workers', 'abc'], /--number-of-workers "abc": /],
    ['a number in hexadecimal', ['runs', '--limit', '0x2'], /--limit "0x2": expected a number/],
    ['an empty input', ['run', '--input', ''], /--input "": expected a key/],
    ['a file for a data set', ['generate', '--dir', 'package.json'], /package\.json is a file/],
    ['no command', [], /Usage: msp/],
  ])('%s ends with 2 and says so', async (_what, args, message) => {
    const result = await msp({}, ...args);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(message);
    expect(result.stdout).toBe('');
  });
});

describe('help', () => {
  it('names the exit codes and where settings come from', async () => {
    const { exitCode, stdout } = await msp({}, '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Exit codes:\n {2}0 {2}done/);
    expect(stdout).toMatch(/MSP_LOCAL_DIR/);
  });

  it.each([
    ['run'],
    ['retry'],
    ['kpis'],
    ['logs'],
    ['ingest'],
    ['generate'],
    ['schedules', 'apply'],
    ['glue', 'runs'],
  ])('of %s has examples', async (...command) => {
    const { exitCode, stdout } = await msp({}, ...command, '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`$ msp ${command.join(' ')}`);
  });
});

describe('settings', () => {
  it('are shown with their sources; secrets are masked, unknown ones named', async () => {
    const result = await msp(
      { MSP_BUCKET: 'other', MSP_BUKET: 'x', AWS_SECRET_ACCESS_KEY: 's3cret' },
      'settings',
      '-o',
      'json',
    );
    expect(jsonOf(result)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ variable: 'MSP_BUCKET', value: 'other', source: 'environment' }),
        expect.objectContaining({ variable: 'MSP_PIPELINE', value: 'music_streaming', source: 'default' }),
        expect.objectContaining({ variable: 'AWS_SECRET_ACCESS_KEY', value: '********' }),
        expect.objectContaining({ variable: 'MSP_BUKET', problem: expect.stringMatching(/No setting/) }),
      ]),
    );
    expect(result.stdout).not.toContain('s3cret');
    expect(result.exitCode).toBe(2);
  });

  it('that are wrong stop every other command, with each named', async () => {
    const result = await msp({ MSP_BUCKET: 'Not A Bucket', MSP_PARK_HOURS: '-1' }, 'runs');
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(/MSP_BUCKET="Not A Bucket"[\s\S]*MSP_PARK_HOURS="-1"/);
  });
});

describe('beside a local stack', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'msp-stack-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const stack = async (operator: object): Promise<void> => {
    await writeFile(join(folder, 'environment.json'), JSON.stringify({ operator, worker: {} }));
  };

  it("the stack's variables are used for what is not set", async () => {
    await stack({ MSP_BUCKET: 'stack-bucket', MSP_TABLE: 'stack_table' });
    const environment = { MSP_LOCAL_DIR: folder, MSP_TABLE: 'my_table' };
    expect(jsonOf(await msp(environment, 'settings', '-o', 'json'))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ variable: 'MSP_BUCKET', value: 'stack-bucket', source: 'local stack' }),
        expect.objectContaining({ variable: 'MSP_TABLE', value: 'my_table', source: 'environment' }),
      ]),
    );
  });

  it("account and server are the stack's, whatever the shell is set up for", async () => {
    await stack({ AWS_ACCESS_KEY_ID: 'stack', AWS_SECRET_ACCESS_KEY: 'stack', AWS_REGION: 'eu-west-1' });
    const shell = { AWS_ACCESS_KEY_ID: 'mine', AWS_PROFILE: 'work', TEMPORAL_ADDRESS: 'cluster:7233' };
    const shown = await msp({ MSP_LOCAL_DIR: folder, ...shell }, 'settings', '-o', 'json');
    expect(jsonOf(shown)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ variable: 'AWS_REGION', value: 'eu-west-1', source: 'local stack' }),
        expect.objectContaining({ variable: 'AWS_ACCESS_KEY_ID', source: 'local stack' }),
      ]),
    );
    expect(shown.stdout).not.toMatch(/AWS_PROFILE|cluster:7233/);
  });

  it('an empty MSP_LOCAL_DIR leaves the stack aside', async () => {
    const shown = await msp({ MSP_LOCAL_DIR: '', AWS_REGION: 'us-east-1' }, 'settings', '-o', 'json');
    expect(shown.stdout).toContain('us-east-1');
    expect(shown.stdout).not.toContain('local stack');
  });

  it('a named folder from which none runs is an error, and the account of the shell is not used', async () => {
    const shell = { MSP_LOCAL_DIR: folder, AWS_REGION: 'us-east-1', AWS_PROFILE: 'production' };
    const result = await msp(shell, 'storage');
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(`No stack runs from ${folder} (MSP_LOCAL_DIR)`);
    expect(result.stderr).toContain(`msp local up --dir ${folder}`);
  });

  it('local status tells that there is none with 3', async () => {
    const status = await msp({ MSP_LOCAL_DIR: folder }, 'local', 'status', '-o', 'json');
    expect(status.exitCode).toBe(3);
    expect(jsonOf(status)).toEqual({ dir: folder, state: 'stopped', parts: [] });
    expect((await msp({}, 'local', 'down', '--dir', folder)).stdout).toMatch(/no stack runs from/);
  });

  it('a broken file of the stack is named', async () => {
    await writeFile(join(folder, 'environment.json'), '{');
    const result = await msp({ MSP_LOCAL_DIR: folder }, 'runs');
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(join(folder, 'environment.json'));
  });

  it('generate writes a data set and the truth about it', async () => {
    const args = [
      '--dir',
      folder,
      '--songs',
      '20',
      '--users',
      '20',
      '--plays-per-day',
      '60',
      '--bad',
      'unknown_user=0.1',
    ];
    const result = await msp({}, 'generate', ...args, '--formats', 'plain,gzip+crlf', '-o', 'json');
    expect(result.exitCode).toBe(0);
    expect(jsonOf(result)).toMatchObject([{ kind: 'regular', rows: { valid: 20, underReview: 2 } }, {}, {}]);
    const again = await msp({}, 'generate', ...args);
    expect(again.exitCode).toBe(2);
    expect(again.stderr).toContain(`--dir ${folder} has a data set already`);
    const truth: unknown = JSON.parse(await readFile(join(folder, 'truth.json'), 'utf8'));
    expect(truth).toMatchObject({
      streams: [{ name: 'streams-2024-06-25-1.csv' }, { name: 'streams-2024-06-25-2.csv.gz' }, {}],
    });
  });
});
