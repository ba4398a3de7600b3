/**
 * One server for a folder: two would each end the other's runs and overwrite the other's records. The claim is a file
 * with the server's process; that of a server that is gone is taken over.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { startOf } from './processes.ts';

const CLAIM_FILE = 'server.json';

const claimSchema = z.object({ pid: z.int().positive(), startedAt: z.string() });

/** Another server that lives has the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
}

/**
 * Claims the folder for this process, making it when absent.
 * @returns gives the claim up.
 * @throws FolderInUseError
 */
export function claimFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, CLAIM_FILE);
  const other = readClaim(file);
  if (other !== undefined && startOf(other.pid) === other.startedAt) {
    throw new FolderInUseError(
      `Process ${other.pid} is a local Glue on ${folder} already. Stop it, or start this one on another folder (--dir).`,
    );
  }
  writeFileSync(file, JSON.stringify({ pid: process.pid, startedAt: startOf(process.pid) ?? 'unknown' }));
  return () => {
    rmSync(file, { force: true });
  };
}

/** A claim that can't be read was cut off while it was written: its server did not get far. */
function readClaim(file: string): z.infer<typeof claimSchema> | undefined {
  try {
    return claimSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
