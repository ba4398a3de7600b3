/** Stops a stack, in the order in which its parts need each other, and waits until every process is gone. */
import { endAbandoned } from '../glue/abandoned.ts';
import { withClaim } from './claim.ts';
import { StackFolder, type PartName, type StackFile } from './folder.ts';
import { STOP_MILLISECONDS } from './parts.ts';
import { end } from './processes.ts';

/** The worker first, so that nobody misses what goes next; those within a step have nothing to do with each other. */
const ORDER: readonly (readonly PartName[])[] = [['worker'], ['glue'], ['temporal', 'aws']];

/**
 * Its state stays in the folder, and a next start has it again.
 * @returns whether there was anything to stop
 */
export async function stopStack(dir: string): Promise<boolean> {
  const folder = new StackFolder(dir);
  if (folder.readStack() === undefined) return false;
  return await withClaim(folder, async () => {
    const stack = folder.readStack();
    if (stack === undefined) return false;
    await endAll(folder, stack);
    return true;
  });
}

/** For those who have claimed the folder. */
export async function endAll(folder: StackFolder, { processes }: StackFile): Promise<void> {
  for (const names of ORDER) {
    await Promise.all(
      names.map(async (name) => {
        const process = processes[name];
        if (process !== undefined) await end(process, STOP_MILLISECONDS[name]);
      }),
    );
    // A server that was killed could not end its runs.
    if (names.includes('glue')) await endAbandoned(folder.glue, STOP_MILLISECONDS.glue);
  }
  folder.forgetRunning();
}
