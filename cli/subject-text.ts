/** What a run and a procedure have in common at the terminal: when it ran, what happened, what it waits for. */
import { between, time } from '../pipeline/format.ts';
import type { Output } from './output.ts';

export interface TimelineEntry {
  readonly at: string;
  readonly what: string;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  /** A signal that was not followed. */
  readonly refused?: true | undefined;
}

/** When it began and ended. */
export function endedText({
  startedAt,
  endedAt,
}: {
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
}): string | undefined {
  return endedAt === undefined ? undefined : `${time(endedAt)}, after ${between(startedAt, endedAt)}`;
}

/** @param what a run, a procedure */
export function noteSilence(out: Output, what: string): void {
  out.note(
    `\nThe ${what} itself did not answer: no worker polls its task queue, or its workflow task fails (see the UI).`,
  );
}

/** Last entries of a timeline that are shown; `-o json` has all. */
const TIMELINE_SHOWN = 15;

export function showTimeline(out: Output, timeline: readonly TimelineEntry[]): void {
  if (timeline.length === 0) return;
  out.heading('Timeline');
  for (const entry of timeline.slice(-TIMELINE_SHOWN)) out.line(timelineLine(out, entry));
}

export function timelineLine(out: Output, { at, what, by, reason, refused }: TimelineEntry): string {
  const who = by === undefined ? '' : ` by ${by}${reason === undefined ? '' : `: ${reason}`}`;
  const said = `${what}${who}`;
  return `${out.colors.dim(time(at))}  ${refused === true ? out.colors.yellow(said) : said}`;
}

/** Why a stage or a step is parked, and what to do. */
export function whyParked(
  place: string,
  {
    since,
    failure,
  }: { since: string; failure: { readonly type: string; readonly message: string; readonly advice: string } },
): string[] {
  return [
    `${place} is parked since ${time(since)}: ${failure.type}`,
    `  ${failure.message}`,
    `  ${failure.advice}`,
  ];
}

/**
 * What is waited for, and the commands that end the wait.
 * @param ways commands without their reason
 * @param until when the wait ends by itself, in ISO 8601; a pause has no end
 */
export function waysOn(
  out: Output,
  why: readonly string[],
  ways: readonly string[],
  until: string | undefined,
): string[] {
  const [first, ...more] = why;
  if (first === undefined) return [];
  return [
    '',
    out.colors.yellow(first),
    ...more,
    '',
    until === undefined ? 'Ways on:' : `Ways on (it waits for one until ${time(until)}):`,
    ...ways.map((way) => `  ${way} --reason "…"`),
  ];
}
