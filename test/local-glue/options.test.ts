/** What the server is started with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { optionsFromCommandLine, OptionsError } from '../../local/glue/options.ts';

const folder = mkdtempSync(join(tmpdir(), 'local-glue-options-'));
const toolchain = join(folder, 'toolchain.json');
const config = join(folder, 'config.json');
const programs = { python: '/v/bin/python', sparkHome: '/v/pyspark', jarsDir: '/v/jars' };

beforeAll(() => {
  writeFileSync(toolchain, JSON.stringify({ ...programs, temporal: '/v/bin/temporal' }));
  writeFileSync(config, JSON.stringify({ port: 7000, dir: '/from/config', toolchain: programs, slots: 3 }));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('options', () => {
  it('come from flags, the toolchain from a file that may hold more', () => {
    const options = optionsFromCommandLine([
      '--port',
      '0',
      '--dir',
      'd',
      '--toolchain',
      toolchain,
      '--allow-faults',
    ]);
    expect(options).toMatchObject({
      port: 0,
      dir: 'd',
      allowFaults: true,
      authorise: false,
      minuteMs: 60_000,
    });
    expect(options.toolchain).toEqual(programs);
  });

  it('come from a file, and flags win over it', () => {
    const options = optionsFromCommandLine([
      '--config',
      config,
      '--dir',
      '/from/flag',
      '--driver-memory',
      '512m',
    ]);
    expect(options).toMatchObject({ port: 7000, dir: '/from/flag', slots: 3, driverMemory: '512m' });
  });

  it.each<[string, string[], RegExp]>([
    ['a missing folder', ['--port', '1', '--toolchain', 'T'], /dir/],
    ['a port that is none', ['--port', 'x', '--dir', 'd', '--toolchain', 'T'], /port/],
    ['an unknown flag', ['--prot', '1'], /--prot/],
    ['a config that is not there', ['--config', '/nowhere/c.json'], /\/nowhere\/c\.json can't be read/],
    [
      'a toolchain that is not there',
      ['--port', '1', '--dir', 'd', '--toolchain', '/nowhere/t.json'],
      /t\.json can't be read/,
    ],
    ['a toolchain without Python', ['--port', '1', '--dir', 'd', '--toolchain', 'C'], /python/],
    [
      'permissions without signatures',
      ['--port', '1', '--dir', 'd', '--toolchain', 'T', '--authorise'],
      /credentials/,
    ],
  ])('name what is wrong: %s', (_, words, message) => {
    const given = words.map((word) => (word === 'T' ? toolchain : word === 'C' ? config : word));
    expect(() => optionsFromCommandLine(given)).toThrow(OptionsError);
    expect(() => optionsFromCommandLine(given)).toThrow(message);
  });
});
