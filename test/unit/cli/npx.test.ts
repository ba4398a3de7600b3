import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);

/** npm loads in a second or two, beside other tests in many more. */
const NPX_WITHIN_MS = 30_000;

describe('npx msp', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'msp-npx-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it(
    "runs the checkout's own command, without asking a registry",
    async () => {
      const env = { ...process.env, npm_config_cache: folder, npm_config_offline: 'true' };
      // Before the first set-up there is nothing built to run; the command says so and ends with 2.
      const { stdout, stderr } = await run('npx', ['msp', '--help'], { env }).catch(
        (error: unknown) => error as { stdout: string; stderr: string },
      );
      expect(`${stdout}${stderr}`).toMatch(/Usage: msp|npm run setup/);
    },
    NPX_WITHIN_MS,
  );

  it('says what to do while nothing is built', async () => {
    await mkdir(join(folder, 'cli'), { recursive: true });
    const command = join(folder, 'cli/msp.mjs');
    await cp('cli/msp.mjs', command);
    await expect(run(process.execPath, [command, 'runs'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/not built yet[\s\S]*npm run setup/),
    });
  });
});
