/** What a stage says it has done, in one line that does not grow with the input. */
import { describe, expect, it } from '@jest/globals';
import { reference } from '../../../workflows/pipeline/summaries.ts';

describe('check_reference_data', () => {
  it('names the version and counts rows and files', () => {
    const songs = { files: 2, rows: 1001, unusable: 0 };
    const users = { files: 1, rows: 2, unusable: 0 };
    expect(reference({ version: 'v1', songs, users, firstBad: [] })).toBe(
      'version v1, 1001 songs in 2 files, 2 users in 1 file',
    );
  });

  it('names the first unusable rows and counts the others', () => {
    const songs = { files: 1, rows: 1000, unusable: 8 };
    const users = { files: 1, rows: 500, unusable: 4 };
    const firstBad = ['a.csv line 2 (bad_duration)', 'a.csv line 9 (missing_genre)'];
    expect(reference({ version: 'v1', songs, users, firstBad })).toBe(
      'version v1, 1000 songs in 1 file (8 unusable), 500 users in 1 file (4 unusable), ' +
        'unusable: a.csv line 2 (bad_duration), a.csv line 9 (missing_genre), 10 more',
    );
  });
});
