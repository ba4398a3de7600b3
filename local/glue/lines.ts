/**
 * The lines of a stream, as they come.
 */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Longer lines are cut into several: CloudWatch Logs takes 256 KiB for an event, and four bytes for a character at most. */
const LONGEST_LINE = 60_000;

/**
 * Calls back for each line, without its line end; the last one also when it has none.
 * @returns when the stream has ended or broken.
 */
export async function eachLine(stream: Readable, onLine: (line: string) => void): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string): void => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? '';
    lines.forEach(onLine);
    while (rest.length > LONGEST_LINE) {
      onLine(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
  };
  try {
    for await (const chunk of stream) {
      if (Buffer.isBuffer(chunk)) take(decoder.write(chunk));
    }
  } catch {
    // A pipe that breaks has no more lines; that the process is gone is seen by its exit.
  }
  take(decoder.end());
  if (rest !== '') onLine(rest);
}
