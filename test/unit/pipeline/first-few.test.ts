import { describe, expect, it } from '@jest/globals';
import { failure } from '../../../activities/call.ts';
import { cut, firstFew } from '../../../pipeline/first-few.ts';
import { extended } from '../../../workflows/shared/timeline.ts';

const numbers = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at));

describe('what can be many', () => {
  it('is told by its first ten and a count', () => {
    expect(firstFew(numbers(10))).toBe('0, 1, 2, 3, 4, 5, 6, 7, 8, 9');
    expect(firstFew(numbers(12))).toBe('0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more');
    expect(firstFew(['a'], 5, '; ')).toBe('a and 4 more');
    expect(firstFew([])).toBe('');
  });

  it('is bounded where its names are long', () => {
    expect(firstFew(Array.from({ length: 100 }, () => 'x'.repeat(10_000))).length).toBeLessThan(5_000);
  });

  it('is cut where it is one text, and says how much is left out', () => {
    expect(cut('abcdef', 4)).toBe('abcd … and 2 more characters');
    expect(cut('abcd', 4)).toBe('abcd');
  });

  it('fills neither the history with a failure nor the timeline with an entry', () => {
    const long = 'x'.repeat(1_000_000);
    expect(failure('InputInvalid', long).message.length).toBeLessThan(5_000);
    expect(extended([], { at: 'now', what: long })[0]?.what.length).toBeLessThan(5_000);
  });
});
