import { describe, expect, it } from '@jest/globals';
import { isFolderMarker, isHidden } from '../../../pipeline/delivered-keys.ts';

describe('keys under a prefix that people deliver to', () => {
  it.each([
    'streams/_SUCCESS',
    'streams/_committed_8236417823',
    'streams/.DS_Store',
    'streams/_temporary/0/part-0.csv',
    'streams/2024/.hidden/plays.csv',
    'streams/2024_$folder$',
    'reference/songs/_started_1',
  ])('are hidden: %s', (key) => {
    expect(isHidden(key)).toBe(true);
  });

  it.each(['streams/plays_1.csv', 'streams/a.b/c_d.csv', 'streams/folder/', 'streams/$folder$.csv'])(
    'are not hidden: %s',
    (key) => {
      expect(isHidden(key)).toBe(false);
    },
  );

  it('are markers of folders only where they end in a slash and are empty', () => {
    expect(isFolderMarker({ key: 'streams/folder/', size: 0 })).toBe(true);
    expect(isFolderMarker({ key: 'streams/folder/', size: 1 })).toBe(false);
    expect(isFolderMarker({ key: 'streams/empty.csv', size: 0 })).toBe(false);
  });
});
