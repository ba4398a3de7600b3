/**
 * A page of the documentation as something that can be followed: its commands in order, and what each is said to print.
 *
 * | in the page | what it is |
 * |---|---|
 * | a block fenced as `sh` | commands, run once; all of them have to succeed |
 * | `sh look` | commands that change nothing: run again until they print what the page says |
 * | `sh exits-N` | commands of which the last failing one ends with N |
 * | `sh not-run` | commands that only the reader runs |
 * | a block fenced as `ts` | calls of the client, run by test/support/documents/document-program.ts; the same tags |
 * | a block fenced as `text` or `json` right after one | what the commands print; `…` stands for the rest of a line, and alone on a line for any lines |
 * | `<!-- given: SITUATION -->` | what has to be so before the next commands; readers don't see it, tests bring it about |
 */

export type Language = 'sh' | 'ts';

export interface Commands {
  readonly kind: 'commands';
  readonly language: Language;
  /** The heading that it stands below. */
  readonly section: string;
  /** Line of the page on which the block begins. */
  readonly line: number;
  readonly script: string;
  readonly repeated: boolean;
  readonly exitCode: number;
  readonly expected?: string;
}

export interface Given {
  readonly kind: 'given';
  readonly section: string;
  readonly line: number;
  readonly situation: string;
}

export type Step = Commands | Given;

const FENCE = /^```(.*)$/;
const HEADING = /^#+ (.+)$/;
const GIVEN = /^<!-- given: (.+) -->$/;
const OUTPUTS = ['text', 'json'];
const isLanguage = (word: string): word is Language => word === 'sh' || word === 'ts';

/** @throws Error naming the line, for a fence or a tag that means nothing here */
export function stepsOf(markdown: string): Step[] {
  const lines = markdown.split('\n');
  const steps: Step[] = [];
  /** The commands that an output block would belong to: nothing but empty lines may stand between. */
  let last: Commands | undefined;
  let section = '';
  for (let at = 0; at < lines.length; at += 1) {
    const text = lines[at] ?? '';
    section = HEADING.exec(text)?.[1] ?? section;
    const given = GIVEN.exec(text)?.[1];
    const fence = FENCE.exec(text)?.[1];
    if (given !== undefined) steps.push({ kind: 'given', section, line: at + 1, situation: given });
    if (fence === undefined) {
      if (text.trim() !== '') last = undefined;
      continue;
    }
    const end = lines.indexOf('```', at + 1);
    if (end === -1) throw new Error(`Line ${at + 1} opens a block that nothing closes`);
    const content = lines.slice(at + 1, end).join('\n');
    const [language = '', ...tags] = fence.split(' ');
    if (isLanguage(language)) {
      const place = { section, language, line: at + 1 };
      last = tags.includes('not-run') ? undefined : commandsOf(content, tags, place);
      if (last !== undefined) steps.push(last);
    } else {
      if (OUTPUTS.includes(language) && last !== undefined) {
        steps[steps.indexOf(last)] = { ...last, expected: content };
      }
      last = undefined;
    }
    at = end;
  }
  return steps;
}

function commandsOf(
  script: string,
  tags: readonly string[],
  place: Pick<Commands, 'section' | 'language' | 'line'>,
): Commands {
  let repeated = false;
  let exitCode = 0;
  for (const tag of tags) {
    const code = /^exits-(\d+)$/.exec(tag)?.[1];
    if (tag === 'look') repeated = true;
    else if (code !== undefined) exitCode = Number(code);
    else throw new Error(`Line ${place.line}: ${tag} is none of look, exits-N, not-run`);
  }
  return { kind: 'commands', ...place, script, repeated, exitCode };
}

/**
 * Holds the output against what the page says, apart from blank lines and the width of columns.
 *
 * @returns the first line of the page that the output does not come to; `undefined` where it is as the page says
 */
export function firstDifference(expected: string, output: string): string | undefined {
  const lines = linesOf(expected);
  const patterns = lines.map((line) =>
    line === '…' ? '(?:.*\\n)*' : `${line.split(/ ?… ?/).map(escape).join('.*')}\\n`,
  );
  const said = linesOf(output)
    .map((line) => `${line}\n`)
    .join('');
  const begins = (count: number): boolean => new RegExp(`^${patterns.slice(0, count).join('')}`).test(said);
  if (new RegExp(`^${patterns.join('')}$`).test(said)) return undefined;
  return lines.find((_line, at) => !begins(at + 1)) ?? 'the end';
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '');
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
