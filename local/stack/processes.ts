/**
 * The processes of a stack. Each leads a process group of its own, survives the program that started it, and writes to
 * a log file. It is known by its number and its start, so a process that was given the number later is never touched.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { endGroup, startOf } from '../glue/processes.ts';
import { messageOf, StackError } from './errors.ts';
import type { StackProcess } from './folder.ts';

export interface CommandLine {
  readonly program: string;
  readonly words: readonly string[];
  /** All variables that it gets. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Lines of a log that are shown when its process fails; a Java or Python traceback fits. */
const TAIL_LINES = 15;

/** A process while whoever started it is still there to see it end. */
export class StartedProcess {
  readonly record: StackProcess;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, record: StackProcess) {
    this.#child = child;
    this.record = record;
  }

  /** @throws StackError when the program can't be started */
  static async start(command: CommandLine, logFile: string): Promise<StartedProcess> {
    mkdirSync(dirname(logFile), { recursive: true });
    // The log of the last time is kept beside, for whoever wants to know why the stack was started again.
    if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`);
    const log = openSync(logFile, 'a');
    const child = spawn(command.program, [...command.words], {
      env: { ...command.environment },
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new StackError(
        `${command.program} can't be started: ${messageOf(error)}`,
        'Run npm run setup again.',
        { cause: error },
      );
    }
    child.unref();
    const pid = child.pid ?? 0;
    return new StartedProcess(child, { pid, startedAt: startOf(pid) ?? 'unknown', logFile });
  }

  /** How it ended; `undefined` while it runs. */
  get end(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    if (signalCode !== null) return `was ended by ${signalCode}`;
    return exitCode === null ? undefined : `ended with exit code ${exitCode}`;
  }
}

export function isAlive({ pid, startedAt }: StackProcess): boolean {
  return startOf(pid) === startedAt;
}

/** Ends the process and all that it started; returns when they are gone. Nothing happens to a process that is not ours. */
export async function end(process: StackProcess, graceMilliseconds: number): Promise<void> {
  if (isAlive(process)) await endGroup(process.pid, graceMilliseconds);
}

/** The last lines of a log. */
export function tailOf(logFile: string): string {
  if (!existsSync(logFile)) return '';
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
