/** One at a time may start or stop a stack: a second one would count ports and processes that change under its eyes. */
import { mkdirSync } from 'node:fs';
import { claim } from '../glue/claim.ts';
import { codeOf, StackError } from './errors.ts';
import type { StackFolder } from './folder.ts';

/** @throws StackError when another process that lives is at it */
export async function withClaim<T>(folder: StackFolder, work: () => Promise<T>): Promise<T> {
  const { root, claimFile } = folder;
  try {
    mkdirSync(root, { recursive: true });
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
    throw new StackError(`${root} is not a folder.`, 'Name another one for the stack.', { cause: error });
  }
  const giveUp = claim(claimFile, (pid) => {
    const advice = `Wait until it is done; if it is not, remove ${claimFile}.`;
    return new StackError(`Process ${pid} is starting or stopping this stack.`, advice);
  });
  try {
    return await work();
  } finally {
    giveUp();
  }
}
