/**
 * Jobs and runs on disk: one JSON file each, in memory as long as the server lives.
 *
 * Files are written by rename, so that a reader or a restart sees the old content or the new, and synchronously: a state
 * and its record can't be told apart by anything that runs in between, and a few kilobytes take a tenth of a millisecond.
 * Nothing is flushed to the medium: it has to outlive the process, not the machine's power.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { messageOf } from '../stack/errors.ts';
import { hasEnded, jobRecordSchema, runRecordSchema, type JobRecord, type RunRecord } from './model.ts';

/** How long Glue keeps the history of runs. */
const HISTORY_MILLISECONDS = 365 * 24 * 60 * 60 * 1000;

/** Ended runs kept, whatever their age: at about 4 kB each this bounds the server's memory to some 20 MB. */
const HISTORY_RUNS = 5000;

/** A file of the store that can't be read; says which, and what to do. */
class StoreError extends Error {
  override readonly name = 'StoreError';
}

export class Store {
  readonly #jobsFolder: string;
  readonly #runsFolder: string;
  readonly #jobs = new Map<string, JobRecord>();
  /** In the order of their sequence, which is the order of insertion. */
  readonly #runs = new Map<string, RunRecord>();
  #lastSequence = 0;

  /** Opens the store in a folder, which is made when absent, and drops what is older than Glue's history. */
  constructor(folder: string, now: number) {
    this.#jobsFolder = join(folder, 'jobs');
    this.#runsFolder = join(folder, 'runs');
    for (const record of readAll(this.#jobsFolder, jobRecordSchema)) this.#jobs.set(record.job.Name, record);
    const runs = readAll(this.#runsFolder, runRecordSchema).sort((a, b) => a.sequence - b.sequence);
    for (const record of runs) {
      this.#runs.set(record.run.Id, record);
      this.#lastSequence = record.sequence;
    }
    this.#prune(now);
  }

  job(name: string): JobRecord | undefined {
    return this.#jobs.get(name);
  }

  /** All jobs by name. */
  jobs(): JobRecord[] {
    return [...this.#jobs.values()].sort((a, b) => (a.job.Name < b.job.Name ? -1 : 1));
  }

  saveJob(record: JobRecord): void {
    write(this.#jobFile(record.job.Name), record);
    this.#jobs.set(record.job.Name, record);
  }

  deleteJob(name: string): void {
    rmSync(this.#jobFile(name), { force: true });
    this.#jobs.delete(name);
  }

  run(id: string): RunRecord | undefined {
    return this.#runs.get(id);
  }

  /** All runs, oldest first. */
  runs(): RunRecord[] {
    return [...this.#runs.values()];
  }

  /** Keeps a run as it is now. */
  saveRun(record: RunRecord): void {
    write(this.#runFile(record.run.Id), record);
    const isNew = !this.#runs.has(record.run.Id);
    this.#runs.set(record.run.Id, record);
    if (isNew) this.#prune(record.run.StartedOn * 1000);
  }

  nextSequence(): number {
    this.#lastSequence += 1;
    return this.#lastSequence;
  }

  #prune(now: number): void {
    let surplus = this.#runs.size - HISTORY_RUNS;
    for (const { run } of this.#runs.values()) {
      if (surplus <= 0 && run.StartedOn * 1000 > now - HISTORY_MILLISECONDS) return;
      if (!hasEnded(run.JobRunState)) continue;
      rmSync(this.#runFile(run.Id), { force: true });
      this.#runs.delete(run.Id);
      surplus -= 1;
    }
  }

  /** Job names may hold any character and be longer than a file name may be; their digest is neither. */
  #jobFile(name: string): string {
    return join(this.#jobsFolder, `${createHash('sha256').update(name).digest('hex')}.json`);
  }

  #runFile(id: string): string {
    return join(this.#runsFolder, `${id}.json`);
  }
}

function write(file: string, content: unknown): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, `${JSON.stringify(content, undefined, 2)}\n`);
  renameSync(temporary, file);
}

function readAll<T>(folder: string, schema: z.ZodType<T>): T[] {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const file = join(folder, name);
      try {
        return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
      } catch (error) {
        const advice = 'Repair it, or remove it to forget what it holds.';
        throw new StoreError(`${file} can't be read: ${messageOf(error)}. ${advice}`, { cause: error });
      }
    });
}
