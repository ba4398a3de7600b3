/** What a reset changes: the plan, and the snapshot that it takes first. */
import { z } from 'zod';
import { countSchema, daySchema, objectVersionSchema } from '../documents.ts';
import { foundRunSchema } from '../shutdown.ts';
import { lostSchema } from '../recovery/lost.ts';
import { beforeSchema, returnSchema } from '../recovery/plan.ts';

const claimSchema = z.object({
  kind: z.enum(['file', 'key']),
  /** Key of the record. */
  record: z.string(),
  /** The delivered key. */
  key: z.string(),
  /** The run that holds it, by its id in the bucket. */
  run: z.string(),
});
/** A record that names a run as the owner of a file. */
export type Claim = z.infer<typeof claimSchema>;

/** What a snapshot holds of a reset to go back on. */
const undoSchema = z.object({
  /** The reset that is undone. */
  reset: z.string(),
  /** Records that are as the reset left them. */
  records: z.array(z.object({ key: z.string(), etag: z.string(), versionId: z.string() })),
  /** Inputs that the reset delivered again and no run has taken. */
  removals: z.array(z.object({ key: z.string(), etag: z.string() })),
  /** Days that have new editions since. */
  rollbacks: z.array(
    z.object({
      day: daySchema,
      edition: countSchema,
      current: countSchema,
      from: objectVersionSchema,
    }),
  ),
  /** Records that somebody has changed since; they are left alone. */
  changed: z.array(z.string()),
});

/** Nothing in it differs between executions that find the same world: the digest of a dry run approves it in another. */
export const resetPlanSchema = z.object({
  version: z.literal(1),
  procedure: z.literal('pipelineReset'),
  /** Runs that are stopped. */
  stops: z.array(foundRunSchema),
  /** Schedules that are paused meanwhile. */
  schedules: z.array(z.string()),
  claims: z.array(claimSchema),
  /** Inputs that are delivered again from the archive. */
  returns: z.array(returnSchema),
  undo: undoSchema.nullable(),
  lost: z.array(lostSchema),
  before: z.array(beforeSchema),
});
export type ResetPlan = z.infer<typeof resetPlanSchema>;
export type ResetUndo = NonNullable<ResetPlan['undo']>;

/** The state before a reset: copies in its folder, and the versions of the originals. */
export const snapshotSchema = z.object({
  version: z.literal(1),
  procedure: z.string(),
  takenAt: z.string(),
  /** Records of files and keys. */
  records: z.array(objectVersionSchema),
  manifests: z.array(objectVersionSchema.extend({ day: daySchema, edition: countSchema })),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** What a reset left, so that its undoing knows what somebody has changed since. */
export const resetResultSchema = z.object({
  version: z.literal(1),
  records: z.array(z.object({ key: z.string(), etag: z.string() })),
  inputs: z.array(z.object({ key: z.string(), etag: z.string() })),
});
export type ResetResult = z.infer<typeof resetResultSchema>;
