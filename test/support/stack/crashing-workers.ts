/**
 * Workers that kill at given points, in place of a stack's own: one at a time, the next as soon as one is gone, as
 * whoever operates it would start it. What points are stands in `crashing-worker.mjs`.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { end } from '../../../local/stack/processes.ts';
import type { PipelineStack } from './pipeline-stack.ts';

const PROGRAM = fileURLToPath(new URL('crashing-worker.mjs', import.meta.url));

export const VICTIMS = ['worker', 'temporal', 'glue'] as const;
export type Victim = (typeof VICTIMS)[number];

const journalSchema = z.object({ site: z.string(), writes: z.array(z.string()) });
/** An activity that was begun or done, and the writes that it had sent. */
export type JournalEntry = z.infer<typeof journalSchema>;

export class CrashingWorkers {
  readonly #stack: PipelineStack;
  /** What the workers are told and what they tell. */
  readonly #dir: string;
  #current: ChildProcess | undefined;
  #stopped = false;

  private constructor(stack: PipelineStack, dir: string) {
    this.#stack = stack;
    this.#dir = dir;
  }

  /**
   * Ends the stack's own worker and starts the first of these.
   * @param points as in `worker@musicStreamingPipeline.startGlueRun.validation:after`
   */
  static async take(stack: PipelineStack, points: readonly string[] = []): Promise<CrashingWorkers> {
    const dir = await mkdtemp(join(tmpdir(), 'msp-crashing-'));
    await mkdir(join(dir, 'armed'));
    await mkdir(join(dir, 'reached'));
    const workers = new CrashingWorkers(stack, dir);
    await workers.arm(points);
    const { worker } = stack.running.stack.processes;
    if (worker !== undefined) await end(worker, 0);
    workers.#keepOneRunning();
    return workers;
  }

  async arm(points: readonly string[]): Promise<void> {
    await Promise.all(points.map((point) => writeFile(join(this.#dir, 'armed', point), '')));
  }

  /** Points at which nothing was killed yet. */
  async armed(): Promise<string[]> {
    return (await readdir(join(this.#dir, 'armed'))).sort();
  }

  async disarm(): Promise<void> {
    for (const point of await this.armed()) await rm(join(this.#dir, 'armed', point), { force: true });
  }

  /** At how many points something was killed. */
  async killed(): Promise<number> {
    return (await readdir(join(this.#dir, 'reached'))).length;
  }

  /** The activities that were begun or done since the last time that this was asked. */
  async journal(): Promise<JournalEntry[]> {
    const file = join(this.#dir, 'journal');
    const text = await readFile(file, 'utf8').catch(() => '');
    await rm(file, { force: true });
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => journalSchema.parse(JSON.parse(line)));
  }

  #keepOneRunning(): void {
    const { environment, folder } = this.#stack.running;
    const env = {
      PATH: process.env['PATH'],
      ...environment.worker,
      CRASH_DIR: this.#dir,
      CRASH_STACK: folder.stackFile,
    };
    const log = openSync(join(folder.logs, 'crashing-workers.log'), 'a');
    this.#current = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', log, log] });
    closeSync(log);
    this.#current.on('exit', () => {
      if (!this.#stopped) this.#keepOneRunning();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const current = this.#current;
    if (current?.exitCode === null && current.signalCode === null) {
      current.kill('SIGKILL');
      await once(current, 'exit');
    }
    await rm(this.#dir, { recursive: true });
  }
}
