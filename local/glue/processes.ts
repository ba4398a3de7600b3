/**
 * Process groups. A run's processes (launcher, JVM, Python driver, Python workers) form a group of their own, so that
 * stopping a run stops all of them, and so that an interrupt in the server's terminal reaches none.
 */
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessGroupIdentity } from './model.ts';

export interface CommandLine {
  readonly command: string;
  readonly arguments: readonly string[];
  /** The whole environment; nothing of the server's own is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
}

/** Between two looks at whether a group is gone: short beside the seconds that a JVM takes to end. */
const LOOK_MILLISECONDS = 50;

/** How long a killed group may take to vanish; processes in uninterruptible reads of a slow disk need a moment. */
const VANISH_MILLISECONDS = 5000;

export class ProcessGroup {
  readonly identity: ProcessGroupIdentity;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * The leader's exit code, or 128 and the number of its signal as shells count. When it has ended, the rest of the
   * group may still live, and output still come.
   */
  readonly exited: Promise<number>;

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>, pid: number) {
    this.identity = { id: pid, startedAt: startOf(pid) ?? 'unknown' };
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
      });
    });
  }

  /** Reads no more of the output, whoever still holds it open. */
  closeOutput(): void {
    this.stdout.destroy();
    this.stderr.destroy();
  }

  /** @throws the system's error when the command can't be started. */
  static async spawn(line: CommandLine): Promise<ProcessGroup> {
    const child = spawn(line.command, [...line.arguments], {
      cwd: line.workingDirectory,
      env: line.environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { pid } = child;
    if (pid !== undefined) return new ProcessGroup(child, pid);
    const [error] = await once(child, 'error').catch((cause: unknown) => [cause]);
    throw error instanceof Error ? error : new Error(`${line.command} could not be started`);
  }
}

/**
 * Ends a group: asks it to end, kills it when it has not done so in time, and returns when none of it is left.
 * @param graceMilliseconds what the group has to end by itself.
 */
export async function endGroup(groupId: number, graceMilliseconds: number): Promise<void> {
  if (!signalGroup(groupId, 'SIGTERM')) return;
  if (await vanished(groupId, graceMilliseconds)) return;
  signalGroup(groupId, 'SIGKILL');
  await vanished(groupId, VANISH_MILLISECONDS);
}

async function vanished(groupId: number, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (signalGroup(groupId, 0)) {
    if (Date.now() >= deadline) return false;
    await sleep(LOOK_MILLISECONDS);
  }
  return true;
}

/** Whether there was a process to signal. Those that are dead and only wait to be reaped do not count. */
function signalGroup(groupId: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-groupId, signal);
  } catch {
    return false;
  }
  return membersOf(groupId)?.some(({ stat }) => stat[0] !== 'Z') ?? true;
}

/**
 * Whether a group that an earlier server started is still there. Process numbers are given out again, so a living leader
 * must have started when ours did; where only followers are left, one of them must name the run on its command line.
 */
export function stillOurs(identity: ProcessGroupIdentity, runId: string): boolean {
  const leaderStart = startOf(identity.id);
  if (leaderStart !== undefined) return leaderStart === identity.startedAt;
  return (membersOf(identity.id) ?? []).some((member) => commandLineOf(member.pid).includes(runId));
}

/** A process and the fields of its /proc/PID/stat after the command's name: state, parent, group, … */
interface Member {
  readonly pid: number;
  readonly stat: readonly string[];
}

/** The processes of a group; `undefined` where the system has no /proc to look at. */
export function membersOf(groupId: number): Member[] | undefined {
  let entries: string[];
  try {
    entries = readdirSync('/proc');
  } catch {
    return undefined;
  }
  return entries
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => ({ pid: Number(entry), stat: statOf(Number(entry)) ?? [] }))
    .filter(({ stat }) => stat[2] === String(groupId));
}

/** See {@link Member}; `undefined` when there is no such process. */
function statOf(pid: number): string[] | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  // The name is in brackets and may hold spaces and brackets itself.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Index of the start time, in clock ticks since boot, among the fields after the name. */
const START_TIME_FIELD = 19;

/**
 * When a living process started, in whatever form its system tells it; `undefined` when there is no such process, or
 * when it is dead and only waits to be reaped.
 */
export function startOf(pid: number): string | undefined {
  const fields = statOf(pid);
  if (fields?.[0] === 'Z') return undefined;
  if (fields !== undefined) return `${bootId()}/${fields[START_TIME_FIELD] ?? ''}`;
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

/** Start times count from the boot, so they only compare within one. */
function bootId(): string {
  return textOf('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
}

function commandLineOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? '';
}

/** What a file of /proc says; `undefined` when it is not there, or its process has just gone. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
