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

/** Reference data as one run sees it: a version and the staged copies that scripts read. */
export const referenceSchema = z.object({
  version: z.string().min(1),
  songs: z.array(z.string()).min(1),
  users: z.array(z.string()).min(1),
});
export type Reference = z.infer<typeof referenceSchema>;

/** The file id of a SHA-256. */
export function fileIdOf(sha256: string): string {
  return sha256.slice(0, 32);
}
