/** Workers that kill themselves at given points, in place of a stack's own: one at a time, the next as soon as one is gone. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { end } from '../../local/stack/processes.ts';
import type { PipelineStack } from './pipeline-stack.ts';

const PROGRAM = fileURLToPath(new URL('crashing-worker.mjs', import.meta.url));

export class CrashingWorkers {
  readonly #stack: PipelineStack;
  readonly #points: readonly string[];
  /** Has a file for each point at which a worker has killed itself. */
  readonly #marks: string;
  #current: ChildProcess | undefined;
  #stopped = false;

  private constructor(stack: PipelineStack, points: readonly string[], marks: string) {
    this.#stack = stack;
    this.#points = points;
    this.#marks = marks;
  }

  /**
   * Ends the stack's own worker and starts the first of these.
   * @param points as in `publishPlays:before`, `startGlueRun:after:validation`
   */
  static async take(stack: PipelineStack, points: readonly string[]): Promise<CrashingWorkers> {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing`);
    const workers = new CrashingWorkers(stack, points, await mkdtemp(join(tmpdir(), 'msp-marks-')));
    const { worker } = stack.running.stack.processes;
    if (worker !== undefined) await end(worker, 0);
    workers.#keepOneRunning();
    return workers;
  }

  /** At how many points a worker has killed itself. */
  async killed(): Promise<number> {
    return (await readdir(this.#marks)).length;
  }

  #keepOneRunning(): void {
    const { worker } = this.#stack.running.environment;
    const env = {
      PATH: process.env['PATH'],
      ...worker,
      CRASH_AT: this.#points.join(','),
      CRASH_DIR: this.#marks,
    };
    this.#current = spawn(process.execPath, [PROGRAM], { env, stdio: 'ignore' });
    this.#current.on('exit', () => {
      if (!this.#stopped) this.#keepOneRunning();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await rm(this.#marks, { recursive: true });
    const current = this.#current;
    if (current?.exitCode !== null || current.signalCode !== null) return;
    current.kill('SIGKILL');
    await once(current, 'exit');
  }
}
