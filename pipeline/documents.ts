/**
 * Building blocks of the JSON documents in the bucket. Each document is parsed where it is read; a version that this
 * build does not know is an error with the document's name, never a guess.
 */
import { z } from 'zod';

/** A UTC calendar date of plays, `YYYY-MM-DD`. */
export const daySchema = z.iso.date('expected a UTC date, YYYY-MM-DD');

/** The first 32 hex digits of the SHA-256 of a file's bytes as delivered. */
export const fileIdSchema = z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits');

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex');
export const countSchema = z.number().int().nonnegative();
export const timestampSchema = z.iso.datetime({ offset: true });

/** An object that holds data: where it is, how large, and by what it is recognised. */
export const dataFileSchema = z.object({
  key: z.string().min(1),
  size: countSchema,
  rows: countSchema,
  sha256: sha256Schema,
});
export type DataFile = z.infer<typeof dataFileSchema>;

/** A version of an object in the bucket. */
export const objectVersionSchema = z.object({ key: z.string(), versionId: z.string() });
export type ObjectVersion = z.infer<typeof objectVersionSchema>;

/** Reference data as one run sees it: a version, and what was found in it. Its files are in a document of its own. */
export interface Reference {
  readonly version: string;
  readonly songs: ReferenceRows;
  readonly users: ReferenceRows;
  /** The first unusable rows, in words; ten at most. */
  readonly firstBad: readonly string[];
}

export interface ReferenceRows {
  readonly files: number;
  readonly rows: number;
  readonly unusable: number;
}

/** The file id of a SHA-256. */
export function fileIdOf(sha256: string): string {
  return sha256.slice(0, 32);
}
