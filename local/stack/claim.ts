/** One at a time may start or stop a stack: a second one would count ports and processes that change under its eyes. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { startOf } from '../glue/processes.ts';
import { codeOf, StackError } from './errors.ts';
import type { StackFolder } from './folder.ts';

const claimSchema = z.object({ pid: z.int(), startedAt: z.string() });

/** @throws StackError when another process that lives is at it */
export async function withClaim<T>(folder: StackFolder, work: () => Promise<T>): Promise<T> {
  make(folder);
  claim(folder.claimFile);
  try {
    return await work();
  } finally {
    rmSync(folder.claimFile, { force: true });
  }
}

function make({ root }: StackFolder): void {
  try {
    mkdirSync(root, { recursive: true });
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
    throw new StackError(`${root} is not a folder.`, 'Name another one for the stack.', { cause: error });
  }
}

function claim(file: string): void {
  const ours = JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) });
  // The second try is for after a claim of a process that is gone.
  for (const isLast of [false, true]) {
    try {
      writeFileSync(file, ours, { flag: 'wx' });
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      const owner = read(file);
      const isGone = owner === undefined || startOf(owner.pid) !== owner.startedAt;
      if (isLast || !isGone) {
        throw new StackError(
          `Process ${owner?.pid ?? 'unknown'} is starting or stopping this stack.`,
          `Wait until it is done; if it is not, remove ${file}.`,
          { cause: error },
        );
      }
      rmSync(file, { force: true });
    }
  }
}

function read(file: string): z.infer<typeof claimSchema> | undefined {
  try {
    return claimSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
