/** Runs a program and measures it from outside: wall time, and CPU time and memory of it and all that it starts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { endGroup, type CommandLine } from '../local/glue/processes.ts';
import { tailOf } from '../local/stack/processes.ts';
import { ending } from './interruption.ts';

export interface Measured {
  readonly seconds: number;
  /** Tells the work from the waiting where others use the machine too. Up to the last look. */
  readonly cpuSeconds: number;
  /** Highest sum of resident memory at a look. */
  readonly peakBytes: number;
}

/** A JVM can grow by some hundred megabytes a second; more looks would disturb what is measured. */
const LOOK_MILLISECONDS = 100;

/** What a program that is interrupted has to end by itself; a JVM needs a second. */
const GRACE_MILLISECONDS = 2000;

/** Linux reports memory in pages and time in ticks; both are the same on all common machines. */
const PAGE_BYTES = 4096;
const TICKS_PER_SECOND = 100;

/**
 * @param logFile gets what the program prints
 * @throws Error with the end of the log when the program fails
 */
export async function measured(line: CommandLine, logFile: string): Promise<Measured> {
  const log = openSync(logFile, 'a');
  const began = process.hrtime.bigint();
  const child = spawn(line.command, [...line.arguments], {
    cwd: line.workingDirectory,
    env: line.environment,
    // A group of its own, by which its members are found.
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const { pid } = child;
  const meter = new Meter(pid ?? 0);
  const end = async (): Promise<void> => {
    if (pid !== undefined) await endGroup(pid, GRACE_MILLISECONDS);
  };
  const timer = setInterval(() => {
    meter.look();
  }, LOOK_MILLISECONDS);
  try {
    const [code, signal] = await ending(
      end,
      async () => (await once(child, 'exit')) as [number | null, NodeJS.Signals | null],
    );
    const elapsed = Number(process.hrtime.bigint() - began) / 1e9;
    if (code !== 0) {
      throw new Error(`${line.command} ended with ${signal ?? String(code)}:\n${tailOf(logFile)}`);
    }
    return { seconds: elapsed, cpuSeconds: meter.cpuSeconds, peakBytes: meter.peakBytes };
  } finally {
    clearInterval(timer);
  }
}

/** Watches a process group, or with `alone` a single process. */
export class Meter {
  readonly #leader: number;
  readonly #alone: boolean;
  readonly #ticks = new Map<number, number>();
  peakBytes = 0;

  constructor(leader: number, { alone = false } = {}) {
    this.#leader = leader;
    this.#alone = alone;
  }

  get cpuSeconds(): number {
    let sum = 0;
    for (const ticks of this.#ticks.values()) sum += ticks;
    return sum / TICKS_PER_SECOND;
  }

  /** Resident bytes now. */
  look(): number {
    let bytes = 0;
    for (const pid of this.#alone ? [String(this.#leader)] : readdirSync('/proc')) {
      const fields = /^\d+$/.test(pid) ? statOf(pid) : undefined;
      if (fields === undefined || (!this.#alone && fields.group !== this.#leader)) continue;
      bytes += fields.residentPages * PAGE_BYTES;
      this.#ticks.set(Number(pid), fields.ticks);
    }
    this.peakBytes = Math.max(this.peakBytes, bytes);
    return bytes;
  }
}

/** See proc(5): after the name in parentheses come state, parent, group and so on. */
function statOf(pid: string): { group: number; ticks: number; residentPages: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [, , group = 0] = fields;
  return { group, ticks: (fields[11] ?? 0) + (fields[12] ?? 0), residentPages: fields[21] ?? 0 };
}
