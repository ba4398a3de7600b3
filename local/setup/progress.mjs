/**
 * What set-up prints: a line for each step that has work to do, with its time. On a terminal the line of the running
 * step is alive; elsewhere a line is printed at its beginning and its end, so that a log shows where it hangs.
 */
import { stdout } from 'node:process';
import { clearInterval, setInterval } from 'node:timers';

/** Often enough to look alive, rare enough not to flicker. */
const REDRAW_MILLISECONDS = 200;

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

export function say(line) {
  stdout.write(`${line}\n`);
}

/**
 * Runs a step under its title.
 * @param {string} title
 * @param {(note: (text: string) => void) => Promise<void>} work is given a function that shows what is going on
 */
export async function show(title, work) {
  const since = Date.now();
  let latest = '';
  const draw = () => {
    const text = `  … ${title}  ${seconds(since)}  ${latest}`;
    stdout.write(`\r\x1b[K${text.slice(0, (stdout.columns ?? 80) - 1)}`);
  };
  const timer = stdout.isTTY ? setInterval(draw, REDRAW_MILLISECONDS) : undefined;
  if (!stdout.isTTY) say(`  … ${title}`);
  const end = (mark) => {
    clearInterval(timer);
    say(`${stdout.isTTY ? '\r\x1b[K' : ''}  ${mark} ${title}  ${seconds(since)}`);
  };
  try {
    await work((text) => {
      latest = text;
    });
    end('✓');
  } catch (error) {
    end('✗');
    throw error;
  }
}
