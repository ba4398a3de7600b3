import { describe, expect, it } from '@jest/globals';
import { songLines, trackIds, userLines } from '../../../local/generator/catalogue.ts';
import { datasetOptionsSchema } from '../../../local/generator/options.ts';

describe('the generated songs', () => {
  const lines = [...songLines(datasetOptionsSchema.parse({ songs: 3000 }))];

  it('have the 21 columns of the real file', () => {
    expect(lines[0]?.split(',')).toHaveLength(21);
    expect(lines[0]).toMatch(/^id,track_id,artists,.*,duration_ms,.*,track_genre$/);
  });

  it('hold what breaks careless readers: commas, doubled quotes, accents, several artists', () => {
    const text = lines.join('\n');
    expect(text).toMatch(/"[^"\n]*,[^"\n]*"/);
    expect(text).toMatch(/""/);
    expect(text).toMatch(/[^\p{ASCII}]/u);
    expect(text).toMatch(/\w;\w/);
  });

  it('cover every genre', () => {
    expect(new Set(lines.slice(1).map((line) => line.slice(line.lastIndexOf(',') + 1))).size).toBe(113);
  });

  it('repeat the asked share of rows', () => {
    const options = datasetOptionsSchema.parse({ songs: 200, duplicateReferenceRows: 0.1 });
    expect([...songLines(options)]).toHaveLength(1 + 200 + 20);
  });
});

describe('track ids', () => {
  it('are 22 characters of base62, and none occurs twice', () => {
    const trackId = trackIds(3);
    const ids = Array.from({ length: 20_000 }, (_, track) => trackId(track));
    expect(ids.every((id) => /^[0-9A-Za-z]{22}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the generated users', () => {
  it('are numbered from 1, most of them in one country', () => {
    const lines = [...userLines(datasetOptionsSchema.parse({ users: 500 }))];
    expect(lines).toHaveLength(501);
    expect(lines[1]).toMatch(/^1,/);
    expect(lines[500]).toMatch(/^500,/);
    expect(lines.filter((line) => line.includes('United States')).length).toBeGreaterThan(250);
  });
});
