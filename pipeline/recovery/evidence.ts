/**
 * What a look at the data has shown: the damages, and of each affected day and input file what is needed to decide how
 * they are repaired. Written by the activity that looks, read by the one that plans.
 */
import { z } from 'zod';
import { countSchema, daySchema, fileIdSchema, objectVersionSchema, sha256Schema } from '../documents.ts';
import type { ObjectVersion } from '../documents.ts';
import { kpisManifestSchema } from '../manifests.ts';

export const LAYERS = ['raw', 'archived', 'record', 'validated', 'kpi', 'table'] as const;

export const PROBLEMS = [
  'missing',
  'wrong size',
  'wrong digest',
  'unreadable',
  /** Another object stands under the key of an input that an ended run had claimed: damage, or a newer delivery. */
  'replaced',
] as const;
export type Problem = (typeof PROBLEMS)[number];

/** A version of an object that has the right bytes. */
export type GoodCopy = ObjectVersion;

/** An object that is not what its record says. */
export const damageSchema = z.object({
  layer: z.enum(['raw', 'archived', 'validated', 'kpi']),
  problem: z.enum(PROBLEMS),
  key: z.string(),
  size: countSchema,
  sha256: sha256Schema,
  day: daySchema.optional(),
  file: fileIdSchema.optional(),
  /** Where its right bytes are, if anywhere. */
  backup: objectVersionSchema.optional(),
});
export type Damage = z.infer<typeof damageSchema>;

const DOCUMENT_KINDS = ['plays', 'kpis', 'file', 'key', 'archive', 'inputs', 'run'] as const;

/** A manifest or a record that is gone, can't be read or belongs elsewhere, and the newest version that is right. */
export const documentDamageSchema = z.object({
  kind: z.enum(DOCUMENT_KINDS),
  key: z.string(),
  problem: z.enum(['missing', 'unreadable', 'older']),
  /** The edition that is there, which is before that of the day's KPIs. */
  edition: countSchema.optional(),
  backup: objectVersionSchema.optional(),
});
export type DocumentDamage = z.infer<typeof documentDamageSchema>;

const tableSchema = z.object({
  missing: countSchema,
  changed: countSchema,
  /** In the table, but not among the published items. */
  surplus: countSchema,
  /** The first of them, by id. */
  examples: z.array(z.string()),
});
export type TableDifference = z.infer<typeof tableSchema>;

/** What a day's manifest says of its KPIs, but for their files. */
export const kpiFiguresSchema = kpisManifestSchema.pick({
  edition: true,
  plays: true,
  items: true,
  digest: true,
  referenceVersion: true,
});

export const dayEvidenceSchema = z.object({
  day: daySchema,
  plays: z
    .object({
      edition: countSchema,
      sources: z.array(z.object({ id: fileIdSchema, key: z.string(), rows: countSchema })),
      parts: z.array(
        z.object({
          run: z.string(),
          files: z.array(z.string()),
          sources: z.array(fileIdSchema),
          rows: countSchema,
        }),
      ),
    })
    .nullable(),
  kpis: kpiFiguresSchema.extend({ files: z.array(z.string()) }).nullable(),
  /** Files that count only in the manifest that stands in the place of a later one: they have to count in that as well. */
  uncounted: z.array(fileIdSchema).optional(),
  /** KPIs are of an older edition than the plays, and no run is at work on the day. */
  behind: z.boolean(),
  /** `null` where it could not be compared because the items' own files are damaged. */
  table: tableSchema.nullable(),
});
export type DayEvidence = z.infer<typeof dayEvidenceSchema>;

/** An input file whose plays may have to be made again. */
export const sourceEvidenceSchema = z.object({
  id: fileIdSchema,
  key: z.string(),
  size: countSchema,
  sha256: sha256Schema,
  days: z.array(daySchema),
  /** A version of an object with its bytes. */
  backup: objectVersionSchema.optional(),
  /** Why it can't be given to a run now although its bytes are there. */
  blocked: z.string().optional(),
  /** The request says that it, or a day that it has plays in, is left as it is; `blocked` says which. */
  excepted: z.literal(true).optional(),
});
export type SourceEvidence = z.infer<typeof sourceEvidenceSchema>;

export const evidenceSchema = z.object({
  version: z.literal(1),
  procedure: z.string(),
  /** How much was looked at. */
  looked: z.object({
    files: countSchema,
    days: countSchema,
    objects: countSchema,
    bytes: countSchema,
    items: countSchema,
  }),
  damages: z.array(damageSchema),
  documents: z.array(documentDamageSchema),
  /** Days with something wrong, and days that their repair would touch. */
  days: z.array(dayEvidenceSchema),
  sources: z.array(sourceEvidenceSchema),
  /** Days whose plays are to be made again although nothing is wrong with them. */
  remake: z.array(daySchema),
  /** What was found and is left as it is, or was not looked at, and why. */
  left: z.array(z.string()).optional(),
});
export type Evidence = z.infer<typeof evidenceSchema>;

export function tableDiffers(table: TableDifference | null): boolean {
  return table !== null && table.missing + table.changed + table.surplus > 0;
}
