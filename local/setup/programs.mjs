/** Runs the programs that set-up needs; what they print goes to a log, of which a failure shows the end. */
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { CHECKOUT, LOGS } from './folders.mjs';

/** Lines of a failed program's output that are shown; enough for pip's and tsc's reasons. */
const LINES_SHOWN = 25;

/** Programs that are running; set-up never leaves one behind that goes on writing into its folders. */
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill()));

/**
 * @param {string} name of the log
 * @param {string[]} command
 * @param {{ note: (text: string) => void, cwd?: string, env?: Record<string, string> }} options
 */
export async function run(name, [program, ...words], { note, cwd = CHECKOUT, env = {} }) {
  mkdirSync(LOGS, { recursive: true });
  const logFile = join(LOGS, `${name}.log`);
  const log = createWriteStream(logFile);
  const child = spawn(program, words, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      log.write(chunk);
      const line = chunk.toString().trim().split('\n').at(-1);
      if (line) note(line.trim());
    });
  }
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? code}`));
  });
  running.delete(child);
  await new Promise((resolve) => log.end(resolve));
  if (outcome === undefined) return;
  const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-LINES_SHOWN).join('\n');
  throw new SetupError(
    `${[program, ...words].join(' ')}\n${outcome}:\n\n${tail}\n\nAll of its output: ${logFile}`,
  );
}

/** What a program prints, both streams together; `undefined` when it can't be run or fails. */
export function outputOf(program, ...words) {
  const { error, status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  return error === undefined && status === 0 ? `${stdout}${stderr}` : undefined;
}
