import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { cliReference } from '../../../cli/reference.ts';

describe('docs/cli.md', () => {
  it('is what the commands say themselves (write it with: node dist/cli/reference.js > docs/cli.md)', async () => {
    expect(await readFile('docs/cli.md', 'utf8')).toBe(cliReference());
  });

  it('has every command, with its options', () => {
    const reference = cliReference();
    for (const command of [
      'local up',
      'ingest',
      'run',
      'watch',
      'retry',
      'kpis',
      'glue runs',
      'schedules apply',
    ]) {
      expect(reference).toContain(`### msp ${command}\n`);
    }
  });
});
