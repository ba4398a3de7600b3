import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeDataset } from '../../../local/generator/dataset.ts';
import { everyBadRow } from '../../../local/generator/options.ts';

describe('a data set on disk', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'msp-generator-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('has a folder for each wave of delivery, and its counts and digests are those of the files', async () => {
    const dataset = await writeDataset(directory, {
      songs: 30,
      users: 20,
      playsPerDay: 200,
      filesPerDay: 2,
      lateFilesPerDay: 1,
      lateFilePlays: 10,
      corrections: 1,
      formats: ['plain', 'gzip+crlf'],
      brokenFiles: ['missing_column'],
      badRows: everyBadRow(0.02),
    });
    expect(dataset.streams.map(({ path }) => relative(directory, path))).toEqual([
      'streams/streams-2024-06-25-1.csv',
      'streams/streams-2024-06-25-2.csv.gz',
      'streams/streams-broken-1-missing-column.csv',
      'late/streams-2024-06-25-late-1.csv',
      'corrections/streams-2024-06-25-2.csv.gz',
    ]);
    for (const file of dataset.streams) {
      const bytes = await readFile(file.path);
      expect(file.bytes).toBe(bytes.length);
      expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      const text = (file.path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
      expect(text.trimEnd().split(/\r?\n/)).toHaveLength(1 + file.truth.rows.delivered);
    }
    const broken = dataset.streams.find(({ kind }) => kind === 'broken');
    expect(broken?.truth).toMatchObject({
      status: 'rejected',
      rows: { delivered: 25, rejected: 25, valid: 0 },
    });
  });
});
