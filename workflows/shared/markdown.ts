/**
 * Markdown for current details, as the Temporal UI (*User Metadata*) renders it: headings, lists and inline code. Quotes
 * come out in huge letters, code blocks do not wrap, and task lists are not known.
 */
import * as format from '../../pipeline/format.ts';
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

/** Of a wait for an operator: which end it comes to, or whether to one at all, is a setting. */
export function waitsUntil(until: string): string {
  return `It waits until ${time(until)}; what then happens is the setting \`MSP_PARK_EXPIRY\`.`;
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
