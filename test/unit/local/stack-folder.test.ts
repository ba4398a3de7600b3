import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ignoredBy } from '../../../local/stack/environments.ts';
import { StackFolder } from '../../../local/stack/folder.ts';
import { regionFor } from '../../../local/stack/region.ts';
import { startStack } from '../../../local/stack/start.ts';
import { readToolchain } from '../../../local/stack/toolchain.ts';

let folder: StackFolder;
beforeEach(() => {
  folder = new StackFolder(mkdtempSync(join(tmpdir(), 'msp-folder-')));
});
afterEach(() => {
  rmSync(folder.root, { recursive: true });
});

describe('the region of a stack', () => {
  it('is the one that AWS_REGION names at the first start, eu-west-1 when it is empty or not set', () => {
    expect(regionFor(folder, { AWS_REGION: 'us-gov-west-1' })).toBe('us-gov-west-1');
    expect(regionFor(folder, { AWS_REGION: '' })).toBe('eu-west-1');
    expect(regionFor(folder, {})).toBe('eu-west-1');
  });

  it('stays, and a start that names another says both', async () => {
    folder.writeRegion('us-east-1');
    expect(regionFor(folder, {})).toBe('us-east-1');
    expect(regionFor(folder, { AWS_REGION: 'us-east-1' })).toBe('us-east-1');
    const start = startStack({ dir: folder.root, environment: { AWS_REGION: 'eu-west-1' } });
    await expect(start).rejects.toMatchObject({
      name: 'StackError',
      message: expect.stringMatching(/made in the region us-east-1, and AWS_REGION is eu-west-1/),
      advice: expect.stringMatching(/--dir/),
    });
  });

  it.each(['eu west', 'eu-west', 'EU-WEST-1', 'eu-west-1.'])('is not %s', (region) => {
    expect(() => regionFor(folder, { AWS_REGION: region })).toThrow(`AWS_REGION=${region} is not`);
  });
});

it('a file is no folder for a stack, and a broken list of tools is named', async () => {
  const file = join(folder.root, 'toolchain.json');
  writeFileSync(file, '{');
  await expect(startStack({ dir: file })).rejects.toMatchObject({
    name: 'StackError',
    message: `${file} is not a folder.`,
  });
  expect(() => readToolchain({ MSP_SETUP_DIR: folder.root })).toThrow(`${file} can't be read: `);
});

describe('a stack that runs', () => {
  const worker = { MSP_TABLE: 'own_table', MSP_GLUE_ROLE: 'own-role', AWS_REGION: 'eu-west-1' };

  it('goes on without what the caller has set otherwise', () => {
    const caller = { MSP_TABLE: 'other', MSP_PARK_HOURS: '1', MSP_BUCKET: '', AWS_REGION: 'us-east-1' };
    expect(ignoredBy({ worker, operator: {} }, caller)).toEqual([
      'MSP_TABLE=other',
      'MSP_PARK_HOURS=1',
      'AWS_REGION=us-east-1',
    ]);
  });

  it('ignores nothing that it has, that is its own, or that is about the checkout', () => {
    const caller = { MSP_TABLE: 'own_table', MSP_GLUE_ROLE: 'other', MSP_LOCAL_DIR: '/x', AWS_PROFILE: 'p' };
    expect(ignoredBy({ worker, operator: {} }, caller)).toEqual([]);
  });
});
