/**
 * Markdown for current details, as the Temporal UI (*User Metadata*) renders it: headings, lists and inline code. Quotes
 * come out in huge letters, code blocks do not wrap, and task lists are not known.
 */
import * as format from '../../pipeline/format.ts';
import type { Failure } from './failure.ts';
import { refusedIn } from './timeline.ts';
import type { TimelineEntry } from './timeline.ts';

/** Text of others, as it is: whatever looks like Markdown in it stays what it was. */
export function verbatim(text: string): string {
  return `\`${text.replaceAll('`', "'").replaceAll(/\s+/g, ' ')}\``;
}

/** A moment, with its zone: the Temporal UI shows the reader's own elsewhere on the page. */
export function time(at: string): string {
  return `${format.time(at)} UTC`;
}

/**
 * What an operator can do where somebody is waited for.
 * @param ways the commands that make sense now, each with what it does
 * @param until when the wait ends; a pause stops its clock
 */
export function waysOn(ways: readonly string[], until: string | undefined): string {
  if (ways.length === 0) return '';
  return paragraphs(
    'Ways on, each an update or a signal with `{"by": "…", "reason": "…"}`:',
    list(ways),
    until === undefined
      ? ''
      : `It waits until ${time(until)}; what then happens is the setting \`MSP_PARK_EXPIRY\`.`,
  );
}

/** What gave up, why, and what to do about it. */
export function gaveUp(since: string, { type, message, advice }: Failure): string {
  return paragraphs(`Gave up at ${time(since)}: **${type}**`, verbatim(message), advice);
}

/** Signals that were not followed: who sent one has got no answer. */
export function notFollowed(timeline: readonly TimelineEntry[]): string {
  const lines = refusedIn(timeline).map(({ at, what, by, reason }) => {
    const who = [by, reason].filter((part) => part !== undefined).join(': ');
    return `${time(at)}, ${verbatim(what)}${who === '' ? '' : `, by ${verbatim(who)}`}`;
  });
  return lines.length === 0 ? '' : paragraphs('Not followed:', list(lines));
}

/** Paragraphs, without those that have nothing to say. */
export function paragraphs(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

export function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}
