/** The record that closes a run: `processed/runs/R/record.json`. */
import { z } from 'zod';
import { countSchema, daySchema, timestampSchema } from './documents.ts';

/** What others read of it; the run writes more. */
export const runRecordSchema = z.looseObject({
  version: z.literal(1),
  run: z.string(),
  finishedAt: timestampSchema,
  outcome: z.string(),
  days: z.array(z.object({ day: daySchema, edition: countSchema.min(1) })),
});
