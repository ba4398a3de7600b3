/** The records that a run leaves when it ends. What others read of them; the run writes more. */
import { z } from 'zod';
import type { PublishedPlays } from './activity-types.ts';
import { countSchema, daySchema, timestampSchema } from './documents.ts';
import { STAGE_NAMES } from './stages.ts';

const editionsSchema = z.array(z.object({ day: daySchema, edition: countSchema.min(1) }));

/** How a run has ended, also early: `processed/runs/R/record.json`. Whoever goes on with it writes it anew. */
export const runRecordSchema = z.looseObject({
  version: z.literal(1),
  run: z.string(),
  finishedAt: timestampSchema,
  outcome: z.string(),
  days: editionsSchema,
});

/** Days whose plays the run has published, with their editions: `processed/runs/R/published-days.json`. */
export const publishedDaysSchema = z.object({
  version: z.literal(1),
  run: z.string(),
  days: editionsSchema,
});

/** How a run stood when it was stopped: `processed/runs/R/stopped/TIME.json`. */
export const stopRecordSchema = z.looseObject({
  stage: z.enum(STAGE_NAMES).nullable(),
  stoppedAt: z.string(),
  checkpoints: z.array(
    z.looseObject({
      stage: z.string(),
      outcome: z.string(),
      summary: z.string(),
      result: z.unknown().optional(),
    }),
  ),
  jobRunIds: z.array(z.string()),
  quarantined: z.array(z.string()),
});
export type WrittenStopRecord = z.infer<typeof stopRecordSchema>;

/** What the checkpoint of `publish_plays` holds. */
const publishedSchema = z.object({
  days: z.array(z.object({ day: daySchema, edition: countSchema })),
  dayCount: countSchema,
});

/** Days whose plays a stopped run had published. */
export function publishedIn({ checkpoints }: WrittenStopRecord): PublishedPlays {
  const published = checkpoints.find(({ stage }) => stage === 'publish_plays');
  return publishedSchema.safeParse(published?.result).data ?? { days: [], dayCount: 0 };
}
