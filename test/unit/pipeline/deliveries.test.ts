import { describe, expect, it } from '@jest/globals';
import { joinedBy, judgeDelivery, leftBy, takeBatch } from '../../../pipeline/inputs.ts';
import type { FileRecord, KeyRecord, Owner } from '../../../pipeline/inputs.ts';

const me: Owner = { run: 'me', workflowId: 'w-me', originalRunId: 'f-me' };
const other: Owner = { run: 'other', workflowId: 'w-other', originalRunId: 'f-other' };
const A = 'a'.repeat(32);
const B = 'b'.repeat(32);
const KEY = 'streams/one.csv';

function file(id: string, changes: Partial<FileRecord> = {}): FileRecord {
  const sha256 = id.repeat(2);
  const base = { version: 1, id, sha256, size: 1, key: KEY, owner: other, state: 'done', days: [] } as const;
  return { ...base, claimedAt: '2026-01-01T00:00:00Z', ...changes, days: [...(changes.days ?? [])] };
}

const keyRecord = (changes: Partial<KeyRecord>): KeyRecord => ({ version: 1, key: KEY, ...changes });

function judge(
  fileRecord: FileRecord | undefined,
  record: KeyRecord | undefined,
  given: { id?: string; closed?: string[]; key?: string } = {},
): ReturnType<typeof judgeDelivery> {
  const { id = A, closed = [], key = KEY } = given;
  return judgeDelivery({
    key,
    fileId: id,
    self: me,
    fileRecord,
    keyRecord: record,
    closedRuns: new Set(closed),
  });
}

describe('what a delivered file means', () => {
  it('is new when nothing is known of it', () => {
    expect(judge(undefined, undefined)).toEqual({ kind: 'new' });
  });

  it('is a redelivery when its content was processed, under whatever key', () => {
    expect(judge(file(A), keyRecord({ fileId: A }))).toEqual({ kind: 'redelivery', replaces: [] });
    expect(judge(file(A), undefined, { key: 'streams/copy.csv' })).toEqual({
      kind: 'redelivery',
      replaces: [],
    });
  });

  it('is a correction when its key stood for other content', () => {
    expect(judge(undefined, keyRecord({ fileId: B }))).toEqual({ kind: 'correction', replaces: [B] });
  });

  it('ends what its key stood for even when its own content is known', () => {
    expect(judge(file(A, { key: 'streams/two.csv' }), keyRecord({ fileId: B }))).toEqual({
      kind: 'redelivery',
      replaces: [B],
    });
  });

  it('comes back when a correction is corrected to the version before', () => {
    expect(judge(file(A, { replacedBy: B }), keyRecord({ fileId: B }))).toEqual({
      kind: 'correction',
      replaces: [B],
    });
  });

  it('stays superseded when it comes again under a key that never stood for anything else', () => {
    expect(judge(file(A, { replacedBy: B }), undefined, { key: 'streams/old-copy.csv' })).toEqual({
      kind: 'redelivery',
      replaces: [],
    });
  });

  it('is left to the run that has it', () => {
    expect(judge(file(A, { owner: other, state: 'claimed' }), undefined)).toEqual({
      kind: 'busy',
      owner: other,
    });
    expect(judge(file(A, { owner: other, state: 'published' }), undefined)).toEqual({
      kind: 'busy',
      owner: other,
    });
  });

  it('waits while an earlier version of its key is being processed', () => {
    expect(judge(undefined, keyRecord({ pending: other }))).toEqual({ kind: 'busy', owner: other });
  });

  it('is taken over from a run that has ended', () => {
    const closed = ['other'];
    expect(judge(file(A, { state: 'claimed' }), keyRecord({ pending: other }), { closed })).toEqual({
      kind: 'new',
    });
  });

  it('takes the place of what an ended run had published of it, and of what that replaced', () => {
    const closed = ['other'];
    const record = file(A, { state: 'published', replaces: [B] });
    expect(judge(record, keyRecord({ fileId: A }), { closed })).toEqual({
      kind: 'correction',
      replaces: [B, A],
    });
    const announced = file(A, { state: 'claimed', days: ['2024-06-25'] });
    expect(judge(announced, keyRecord({ pending: other }), { closed })).toEqual({
      kind: 'correction',
      replaces: [A],
    });
  });

  it('is a new try when it was rejected whole, and replaces what its key stands for only if it is accepted', () => {
    const rejected = file(A, { rejected: true });
    expect(judge(rejected, undefined)).toEqual({ kind: 'new' });
    expect(judge(rejected, keyRecord({ fileId: B }))).toEqual({ kind: 'correction', replaces: [B] });
  });

  it('comes back when a run died that was to replace it', () => {
    const replaced = file(A, { replacedBy: B });
    expect(judge(replaced, keyRecord({ fileId: A }))).toEqual({ kind: 'correction', replaces: [A] });
  });

  it('is the same again for the run that claimed it', () => {
    expect(judge(file(A, { owner: me, state: 'claimed' }), keyRecord({ pending: me }))).toEqual({
      kind: 'new',
    });
  });

  it('is brought by the first of two keys in one batch', () => {
    const claimed = file(A, { owner: me, state: 'claimed' });
    expect(judge(claimed, undefined, { key: 'streams/same.csv' })).toEqual({
      kind: 'redelivery',
      replaces: [],
    });
  });

  it('is a new try after an operator refused it', () => {
    expect(judge(file(A, { state: 'refused' }), undefined)).toEqual({ kind: 'new' });
  });
});

describe('the keys of a content', () => {
  const shared = file(A, { alsoUnder: ['streams/two.csv'] });

  it('are joined by one that a correction makes stand for it', () => {
    expect(joinedBy(file(A), 'streams/two.csv')).toEqual(shared);
    expect(joinedBy(shared, 'streams/two.csv')).toBe(shared);
    const replaced = file(A, { replacedBy: B });
    expect(joinedBy(replaced, 'streams/two.csv')).toBe(replaced);
  });

  it('are left one by one, and with the last it is replaced', () => {
    const moved = leftBy(shared, KEY, B);
    expect(moved).toMatchObject({ key: 'streams/two.csv', alsoUnder: [] });
    expect(moved).not.toHaveProperty('replacedBy');
    expect(leftBy(moved, KEY, B)).toBe(moved);
    expect(leftBy(moved, 'streams/two.csv', B)).toMatchObject({ replacedBy: B });
  });
});

describe('a batch', () => {
  const candidate = (key: string, size: number, at: string): Parameters<typeof takeBatch>[0][number] => ({
    key,
    size,
    etag: '"e"',
    deliveredAt: `2026-01-01T00:00:0${at}.000Z`,
  });
  const three = [candidate('c', 10, '1'), candidate('a', 10, '2'), candidate('b', 10, '1')];

  it('takes the oldest first, then by key', () => {
    const { taken, left } = takeBatch(three, { files: 2, bytes: 1000 });
    expect(taken.map(({ key }) => key)).toEqual(['b', 'c']);
    expect(left).toBe(1);
  });

  it('takes what other runs have claimed only where there is room', () => {
    const claimed = new Set(['b', 'c']);
    expect(takeBatch(three, { files: 2, bytes: 1000 }, claimed).taken.map(({ key }) => key)).toEqual([
      'b',
      'a',
    ]);
    expect(takeBatch(three, { files: 3, bytes: 1000 }, claimed).taken.map(({ key }) => key)).toEqual([
      'b',
      'c',
      'a',
    ]);
  });

  it('ends before the bytes that one run should take', () => {
    expect(takeBatch(three, { files: 9, bytes: 25 }).taken).toHaveLength(2);
  });

  it('takes a single larger file alone', () => {
    const { taken, left } = takeBatch([candidate('big', 999, '0'), ...three], { files: 9, bytes: 25 });
    expect(taken.map(({ key }) => key)).toEqual(['big']);
    expect(left).toBe(3);
  });
});
