/** Runs a program and measures it from outside: wall time, and CPU time and memory of it and all that it starts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { endGroup, membersOf, type CommandLine } from '../local/glue/processes.ts';
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

/** Indexes of ticks and resident pages among the fields that proc(5) lists after the name. */
const [USER_FIELD, SYSTEM_FIELD, RESIDENT_FIELD] = [11, 12, 21];

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
  const [code, signal] = await meter.during(
    ending(end, async () => (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]),
    LOOK_MILLISECONDS,
  );
  const elapsed = Number(process.hrtime.bigint() - began) / 1e9;
  if (code !== 0)
    throw new Error(`${line.command} ended with ${signal ?? String(code)}:\n${tailOf(logFile)}`);
  return { seconds: elapsed, cpuSeconds: meter.cpuSeconds, peakBytes: meter.peakBytes };
}

/** Watches a process group. */
export class Meter {
  readonly #leader: number;
  readonly #ticks = new Map<number, number>();
  peakBytes = 0;

  constructor(leader: number) {
    this.#leader = leader;
  }

  get cpuSeconds(): number {
    return [...this.#ticks.values()].reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_SECOND;
  }

  /** Looks again and again while some work is under way. */
  async during<T>(work: Promise<T>, everyMilliseconds: number): Promise<T> {
    const timer = setInterval(() => this.look(), everyMilliseconds);
    return await work.finally(() => {
      clearInterval(timer);
    });
  }

  /** Resident bytes now. */
  look(): number {
    let bytes = 0;
    for (const { pid, stat } of membersOf(this.#leader) ?? []) {
      const field = (index: number): number => Number(stat[index] ?? 0);
      bytes += field(RESIDENT_FIELD) * PAGE_BYTES;
      this.#ticks.set(pid, field(USER_FIELD) + field(SYSTEM_FIELD));
    }
    this.peakBytes = Math.max(this.peakBytes, bytes);
    return bytes;
  }
}
