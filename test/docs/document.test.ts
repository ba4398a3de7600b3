/** How a page is read (test/support/documents/document.ts), so that a page that is followed is followed as it was meant. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { firstDifference, stepsOf } from '../support/documents/document.ts';
import { DocumentShell } from '../support/documents/document-shell.ts';

const page = (...lines: string[]): string => lines.join('\n');

describe('a page', () => {
  it('has commands with what they print, in the order and the sections of the page', () => {
    const steps = stepsOf(
      page(
        '# Page',
        '<!-- given: a run -->',
        '```sh',
        'echo a',
        '```',
        '```text',
        'a',
        '```',
        '## Later',
        '```sh look exits-3',
        'exit 3',
        '```',
      ),
    );
    expect(steps).toEqual([
      { kind: 'given', section: 'Page', line: 2, situation: 'a run' },
      {
        kind: 'commands',
        language: 'sh',
        section: 'Page',
        line: 3,
        script: 'echo a',
        repeated: false,
        exitCode: 0,
        expected: 'a',
      },
      {
        kind: 'commands',
        language: 'sh',
        section: 'Later',
        line: 10,
        script: 'exit 3',
        repeated: true,
        exitCode: 3,
      },
    ]);
  });

  it('has output only right after its commands', () => {
    const steps = stepsOf(page('```sh', 'echo a', '```', 'As an aside:', '```text', 'b', '```'));
    expect(steps).toEqual([expect.not.objectContaining({ expected: expect.anything() })]);
  });

  it('may have commands for readers only', () => {
    expect(stepsOf(page('```sh not-run', 'rm -r .', '```', '```text', 'gone', '```'))).toEqual([]);
  });

  it.each([
    ['```sh lok\n```', /Line 1: lok is none of/],
    ['```sh\necho', /Line 1 opens a block/],
  ])('that is wrong says where: %s', (markdown, message) => {
    expect(() => stepsOf(markdown)).toThrow(message);
  });
});

describe('what a page expects', () => {
  it.each([
    ['a b\n\nc', '  a   b\nc\n', true],
    ['a', 'a\nb', false],
    ['a …', 'a long story', true],
    ['a…z', 'az', true],
    ['…\nc', 'a\nb\nc', true],
    ['a\n…', 'a', true],
    ['a (…) [1]', 'a (b) [1]', true],
    ['a.c', 'abc', false],
  ])('%j is %j: %s', (expected, output, holds) => {
    expect(firstDifference(expected, output) === undefined).toBe(holds);
  });
});

it('names the first line of a page that the output does not come to', () => {
  expect(firstDifference('a\n…\nb …\nc', 'a\n1\nb 2\nd\n')).toBe('c');
  expect(firstDifference('a', 'a\nb\n')).toBe('the end');
});

describe('the shell of a page', () => {
  let shell: DocumentShell;
  beforeEach(() => {
    shell = new DocumentShell({ GIVEN: 'yes' });
  });
  afterEach(async () => {
    await shell.stop();
  });

  it('keeps what one block sets for the next, and prints errors too', async () => {
    await shell.run('name=ada', 5000);
    const { exitCode, output } = await shell.run('echo "$name $GIVEN"; ls nothing', 5000);
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/^ada yes\n.*nothing/);
  });

  it('tells of a command that failed in the middle', async () => {
    expect(await shell.run('(exit 4)\necho after', 5000)).toEqual({ exitCode: 4, output: 'after\n' });
  });

  it('gives up commands that take too long or end it', async () => {
    await expect(shell.run('sleep 60', 200)).rejects.toThrow(/sleep 60/);
    const other = new DocumentShell({});
    await expect(other.run('exit 1', 5000)).rejects.toThrow(/The shell ended/);
    await other.stop();
  });
});
