/** Follows a page from top to bottom: each of its sections that has commands is a test. */
import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { until } from '../until.ts';
import { firstDifference, stepsOf } from './document.ts';
import type { Commands, Step } from './document.ts';
import type { DocumentProgram } from './document-program.ts';
import type { DocumentShell, Ended } from './document-shell.ts';

export interface Following {
  /** Where the commands are run; asked when the first is. */
  readonly shell: () => DocumentShell;
  /** Where the client's calls are made; for a page that has some. */
  readonly program?: () => DocumentProgram;
  /** What the page's `given` comments name. */
  readonly situations?: Readonly<Record<string, () => Promise<void>>>;
  /** For each block, and for a look until it shows what the page says. */
  readonly withinMs?: number;
}

/** Enough for a command that waits for a run without Spark. */
const WITHIN_MS = 30_000;

/** What is not so in a page. Its stack would show how pages are followed, which helps nobody who corrects one. */
class PageError extends Error {
  constructor(message: string) {
    super(message);
    this.stack = message;
  }
}

/** @param path of the page, from the root of the checkout */
export function followDocument(path: string, following: Following): void {
  const { situations = {}, withinMs = WITHIN_MS } = following;
  const steps = stepsOf(readFileSync(path, 'utf8'));
  let reached = '';

  it('names the situations that its test knows', () => {
    const named = steps.flatMap((step) => (step.kind === 'given' ? [step.situation] : []));
    expect([...new Set(named)].sort()).toEqual(Object.keys(situations).sort());
  });

  for (const [section, inSection] of sectionsOf(steps)) {
    it(
      section,
      async () => {
        if (reached !== '') throw new PageError(`Not tried, because ${reached} went wrong`);
        for (const step of inSection) {
          reached = `${path}:${step.line}`;
          if (step.kind === 'given') await situations[step.situation]?.();
          else await follow(reached, runnerOf(following, step), step, withinMs);
        }
        reached = '';
      },
      withinMs * inSection.length,
    );
  }
}

function sectionsOf(steps: readonly Step[]): Map<string, Step[]> {
  const sections = new Map<string, Step[]>();
  for (const step of steps) sections.set(step.section, [...(sections.get(step.section) ?? []), step]);
  return sections;
}

interface Runner {
  run(script: string, withinMs: number): Promise<Ended>;
}

function runnerOf({ shell, program }: Following, { language }: Commands): Runner {
  if (language === 'sh') return shell();
  if (program === undefined) throw new Error('The page has calls of the client, and its test no program');
  return program();
}

async function follow(place: string, runner: Runner, step: Commands, withinMs: number): Promise<void> {
  let ended = await runner.run(step.script, withinMs);
  if (step.repeated && wrong(step, ended) !== undefined) {
    const look = async (): Promise<boolean> => {
      ended = await runner.run(step.script, withinMs);
      return wrong(step, ended) === undefined;
    };
    // What it still shows at the end of the time says more than that the time is over.
    await until(`${place} shows what the page says`, look, withinMs).catch(() => undefined);
  }
  const problem = wrong(step, ended);
  if (problem === undefined) return;
  const page = step.expected === undefined ? '' : `\n\n── the page\n${step.expected}`;
  throw new PageError(`${place}: ${problem}\n\n${step.script}\n\n── the output\n${ended.output}${page}`);
}

function wrong({ exitCode, expected }: Commands, ended: Ended): string | undefined {
  if (ended.exitCode !== exitCode) {
    return `ended with ${ended.exitCode}, not with ${exitCode}`;
  }
  const difference = expected === undefined ? undefined : firstDifference(expected, ended.output);
  return difference === undefined ? undefined : `the output does not come to "${difference}"`;
}
