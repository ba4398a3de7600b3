/** Set-up as a person meets it: nothing to do the second time, a plain word for what is missing, one at a time. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

const setUp = fileURLToPath(new URL('../../local/setup/setup.mjs', import.meta.url));
const lockModule = new URL('../../local/setup/lock.mjs', import.meta.url).href;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'msp-set-up-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Result {
  readonly code: number;
  readonly output: string;
}

function node(words: readonly string[], environment: Record<string, string | undefined>): Promise<Result> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    execFile(process.execPath, [...words], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

it('a second start has nothing to do, and takes less than a second', async () => {
  const words = [setUp, '--tools-only'];
  await node(words, {});
  const began = Date.now();
  expect(await node(words, {})).toEqual({ code: 0, output: '' });
  expect(Date.now() - began).toBeLessThan(1000);
});

it('what is missing is named, with how to get it', async () => {
  const { code, output } = await node([setUp, '--tools-only'], {
    MSP_SETUP_DIR: join(folder, 'empty'),
    MSP_PYTHON: undefined,
    PATH: '/nowhere',
  });
  expect(code).toBe(1);
  expect(output).toMatch(/Python 3\.11/);
  expect(output).toMatch(/found: +no Python/);
  expect(output).toMatch(/to get it: .*apt-get install python3\.11-venv/);
});

it('a Python that is named and is none is not passed over for another', async () => {
  const { code, output } = await node([setUp, '--tools-only'], {
    MSP_SETUP_DIR: join(folder, 'empty'),
    MSP_PYTHON: '/nope',
  });
  expect(code).toBe(1);
  expect(output).toMatch(/found: +MSP_PYTHON=\/nope, which is no Python/);
});

/** Takes the lock, notes when it has it and when it gives it up. */
const holder = (log: string): string => `
  import { appendFileSync } from 'node:fs';
  import { withLock } from ${JSON.stringify(lockModule)};
  await withLock(async () => {
    appendFileSync(${JSON.stringify(log)}, 'begin ');
    await new Promise((resolve) => setTimeout(resolve, 300));
    appendFileSync(${JSON.stringify(log)}, 'end ');
  });
`;

it('two at once work one after the other', async () => {
  const log = join(folder, 'order');
  const words = ['--input-type=module', '--eval', holder(log)];
  const both = [1, 2].map(() => node(words, { MSP_SETUP_DIR: join(folder, 'shared') }));
  expect((await Promise.all(both)).map(({ code }) => code)).toEqual([0, 0]);
  expect(readFileSync(log, 'utf8')).toBe('begin end begin end ');
});

it.each([
  ['of a process that is gone', String(2 ** 22 + 1), new Date()],
  ['that nobody has touched for minutes', String(process.pid), new Date(Date.now() - 180_000)],
])('a lock %s is taken over', async (name, owner, touched) => {
  const shared = mkdtempSync(join(folder, 'abandoned-'));
  const lock = join(shared, 'lock');
  writeFileSync(lock, owner);
  utimesSync(lock, touched, touched);
  const log = join(shared, 'order');
  const words = ['--input-type=module', '--eval', holder(log)];
  expect(await node(words, { MSP_SETUP_DIR: shared })).toEqual({ code: 0, output: '' });
  expect(readFileSync(log, 'utf8')).toBe('begin end ');
});
