/**
 * What only one process at a time may have. A claim is a file with the process that made it; that of a process that is
 * gone is taken over.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { codeOf } from '../stack/errors.ts';
import { startOf } from './processes.ts';

const claimSchema = z.object({ pid: z.int().positive(), startedAt: z.string() });

/**
 * @param refusal makes the error for a claim of another process that lives
 * @returns gives the claim up
 */
export function claim(file: string, refusal: (pid: number) => Error): () => void {
  const ours = { pid: process.pid, startedAt: startOf(process.pid) ?? 'unknown' };
  try {
    writeFileSync(file, JSON.stringify(ours), { flag: 'wx' });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const owner = ownerIn(file);
    if (owner !== undefined && startOf(owner.pid) === owner.startedAt) throw refusal(owner.pid);
    rmSync(file, { force: true });
    return claim(file, refusal);
  }
  return () => {
    rmSync(file, { force: true });
  };
}

/** A claim that can't be read was cut off while it was written: its process did not get far. */
function ownerIn(file: string): z.infer<typeof claimSchema> | undefined {
  try {
    return claimSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
