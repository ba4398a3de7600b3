import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { TABLE_INDEXES, TABLE_KEYS, tableProblems } from '../../../pipeline/declared/table.ts';
import type { SeenIndex, SeenTable } from '../../../pipeline/declared/table.ts';

const [byMetric, byDate] = Object.values(TABLE_INDEXES).map(({ name, keys }): SeenIndex => ({
  name,
  keys,
  status: 'ACTIVE',
  projection: 'ALL',
})) as [SeenIndex, SeenIndex];
const right: SeenTable = {
  status: 'ACTIVE',
  keys: TABLE_KEYS,
  types: { id: 'S', metric_type: 'S', date: 'S' },
  indexes: [byMetric, byDate],
};

describe('a table', () => {
  it('as it ought to be has no problem, also while it changes or has more than is needed', () => {
    expect(tableProblems(right)).toEqual([]);
    const other = {
      name: 'other',
      keys: { partition: 'value' },
      status: 'CREATING',
      projection: 'KEYS_ONLY',
    };
    expect(tableProblems({ ...right, status: 'UPDATING', indexes: [...right.indexes, other] })).toEqual([]);
  });

  it.each<[string, Partial<SeenTable>, string]>([
    ['another key', { keys: { partition: 'date' } }, 'its key is date, not id'],
    ['a sort key more', { keys: { partition: 'id', sort: 'date' } }, 'its key is id and date, not id'],
    ['a key of another type', { types: { ...right.types, id: 'N' } }, 'its key has id as N, not S'],
    ['an end', { status: 'DELETING' }, 'the table is DELETING'],
    [
      'one index only',
      { indexes: [byMetric] },
      'it has no index date-metric_type-index (date and metric_type)',
    ],
    [
      'an index the other way round',
      { indexes: [byMetric, { ...byDate, keys: byMetric.keys }] },
      'the key of index date-metric_type-index is metric_type and date, not date and metric_type',
    ],
    [
      'an index that is not filled yet',
      { indexes: [{ ...byMetric, status: 'CREATING' }, byDate] },
      'index metric_type-date-index is CREATING',
    ],
    [
      'an index without the values',
      { indexes: [byMetric, { ...byDate, projection: 'KEYS_ONLY' }] },
      'index date-metric_type-index holds KEYS_ONLY, not ALL attributes',
    ],
  ])('with %s is misconfigured, and says so', (_what, change, problem) => {
    expect(tableProblems({ ...right, ...change })).toEqual([problem]);
  });

  it('is read by the loader through the declared index', () => {
    const loader = readFileSync('glue-scripts/music_streaming/table.py', 'utf8');
    expect(/^DATE_INDEX = "(.+)"$/m.exec(loader)?.[1]).toBe(TABLE_INDEXES.byDate.name);
  });
});
