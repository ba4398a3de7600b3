import { describe, expect, it } from '@jest/globals';
import { problemsOf } from '../../../pipeline/problems.ts';
import { pipelineRequestSchema } from '../../../pipeline/request.ts';

function problems(given: unknown): string[] {
  const { error } = pipelineRequestSchema.safeParse(given);
  return error === undefined ? [] : problemsOf(error, given);
}

describe('what is wrong with a request', () => {
  it('names each field, what was expected and what was there', () => {
    expect(problems({ dates: ['2024-06-25', '2024-13-45'], trigger: 7 })).toEqual([
      expect.stringMatching(/^trigger: .*"manual".*; got 7$/),
      'dates[1]: expected a UTC date, YYYY-MM-DD; got "2024-13-45"',
    ]);
  });

  it('names fields that there are not, and what holds of the whole', () => {
    expect(problems({ date: '2024-06-25' })).toEqual([expect.stringContaining('"date"')]);
    expect(problems({ inputs: ['a'], dates: ['2024-06-25'] })).toEqual([
      expect.stringMatching(/^give inputs or dates/),
    ]);
  });

  it('shows the beginning of a long value', () => {
    expect(problems({ resumeFrom: { runId: 'r', stage: 'x'.repeat(500) } })[0]?.length).toBeLessThan(700);
    expect(problems(['a list'])).toEqual([expect.stringContaining('expected object')]);
  });

  it('shows no value where none is given', () => {
    const { error } = pipelineRequestSchema.safeParse({ dates: ['secret'] });
    expect(problemsOf(error ?? { issues: [] })).toEqual(['dates[0]: expected a UTC date, YYYY-MM-DD']);
  });
});
