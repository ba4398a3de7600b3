/** What makes a row of songs or users unusable. The scripts judge by the same rules (`music_streaming/reference.py`). */
import { z } from 'zod';
import { countSchema } from './documents.ts';
import { FIRST } from './first-few.ts';

/** In the order in which a row's reason is found. */
export const REFERENCE_REASONS = [
  'wrong_field_count',
  'bad_track_id',
  'bad_user_id',
  'missing_genre',
  'missing_country',
  'bad_duration',
] as const;
export type ReferenceReason = (typeof REFERENCE_REASONS)[number];

const referenceReasonSchema = z.enum(REFERENCE_REASONS);

/** A file of songs or users, judged row by row. */
export const judgedReferenceFileSchema = z.object({
  /** As delivered. */
  key: z.string(),
  rows: countSchema,
  unusable: countSchema,
  /** Unusable rows by reason; a reason that no row has may be left out. */
  reasons: z.partialRecord(referenceReasonSchema, countSchema),
  /** The line is the one where the row begins, from 1. */
  firstBad: z.array(z.object({ line: countSchema.min(1), reason: referenceReasonSchema })).max(FIRST),
});
export type JudgedReferenceFile = z.infer<typeof judgedReferenceFileSchema>;
