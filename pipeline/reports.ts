/** The reports in which Glue scripts tell the worker what they did. Parsed strictly: nothing is published on a guess. */
import { z } from 'zod';
import { countSchema, dataFileSchema, daySchema, fileIdSchema, timestampSchema } from './documents.ts';
import { FIRST } from './first-few.ts';
import { judgedReferenceFileSchema } from './reference.ts';

export const REASONS = [
  'missing_user_id',
  'missing_track_id',
  'missing_listen_time',
  'bad_listen_time',
  'bad_user_id',
  'bad_track_id',
  'future_listen_time',
  'unknown_track',
  'unknown_user',
] as const;
export type Reason = (typeof REASONS)[number];

const reasonCountsSchema = z.record(z.enum(REASONS), countSchema);

export const rowCountsSchema = z.object({
  delivered: countSchema,
  valid: countSchema,
  duplicate: countSchema,
  rejected: countSchema,
  underReview: countSchema,
});
export type RowCounts = z.infer<typeof rowCountsSchema>;

const stageReport = {
  version: z.literal(1),
  run: z.string(),
  jobRunId: z.string(),
  scriptDigest: z.string(),
  startedAt: timestampSchema,
  finishedAt: timestampSchema,
};

const fileReportSchema = z.object({
  id: fileIdSchema,
  key: z.string(),
  status: z.enum(['accepted', 'rejected']),
  problem: z.object({ code: z.string(), message: z.string() }).nullable(),
  rows: rowCountsSchema,
  firstReasons: reasonCountsSchema,
  /** The first ten names of each kind, and how many there are; a column without a name goes by its place. */
  drift: z
    .object({
      extraColumns: z.array(z.string()).max(FIRST),
      extraColumnCount: countSchema,
      missingColumns: z.array(z.string()).max(FIRST),
      missingColumnCount: countSchema,
      reordered: z.boolean(),
    })
    .nullable(),
  /** Accepted rows by day, valid and duplicate. */
  days: z.record(daySchema, countSchema),
  truncatedLastLine: z.boolean(),
  firstBadLine: countSchema.nullable(),
  warnings: z.array(z.string()),
});
export type FileReport = z.infer<typeof fileReportSchema>;

const looseFilesSchema = z.object({
  rows: countSchema,
  files: z.array(z.object({ key: z.string(), size: countSchema, rows: countSchema })),
});

/** Shaped like the rule results of Glue Data Quality's GetDataQualityResult. */
const ruleResultSchema = z.object({
  name: z.string(),
  description: z.string(),
  result: z.enum(['PASS', 'FAIL', 'ERROR']),
  evaluatedMetrics: z.record(z.string(), z.number()),
  evaluationMessage: z.string(),
});

const referenceCountsSchema = z.object({
  rows: countSchema,
  unique: countSchema,
  duplicates: countSchema,
  unusable: countSchema,
  /** Keys that stand more than once with different values; what is kept and dropped names file and value. */
  conflicts: countSchema,
  firstConflicts: z.array(z.object({ key: z.string(), kept: z.string(), dropped: z.string() })).max(FIRST),
  files: z.array(judgedReferenceFileSchema),
});
export type ReferenceCounts = z.infer<typeof referenceCountsSchema>;

export const validationReportSchema = z.object({
  ...stageReport,
  stage: z.literal('validation'),
  ruleVersion: z.string(),
  referenceVersion: z.string(),
  rows: rowCountsSchema,
  firstReasons: reasonCountsSchema,
  reasonHits: reasonCountsSchema,
  files: z.array(fileReportSchema),
  hours: z.array(z.object({ day: daySchema, hour: z.number().int().min(0).max(23), rows: countSchema })),
  completeness: z.object({
    /** Of the first days in which an hour has no play. */
    missingHours: z.array(z.object({ day: daySchema, hours: z.array(z.number().int()) })).max(FIRST),
    daysWithMissingHours: countSchema,
  }),
  parts: z.array(
    z.object({
      day: daySchema,
      files: z.array(dataFileSchema),
      rows: countSchema,
      distinctPlays: countSchema,
      sources: z.array(z.object({ id: fileIdSchema, rows: countSchema })),
    }),
  ),
  errors: looseFilesSchema,
  review: looseFilesSchema,
  ruleset: z.object({ score: z.number(), results: z.array(ruleResultSchema) }),
  reference: z.object({ version: z.string(), songs: referenceCountsSchema, users: referenceCountsSchema }),
});
export type ValidationReport = z.infer<typeof validationReportSchema>;

export const kpiReportSchema = z.object({
  ...stageReport,
  stage: z.literal('kpi_computation'),
  referenceVersion: z.string(),
  days: z.array(
    z.object({
      day: daySchema,
      edition: countSchema.min(1),
      plays: countSchema,
      items: countSchema,
      digest: z.string(),
      files: z.array(dataFileSchema),
    }),
  ),
});
export type KpiReport = z.infer<typeof kpiReportSchema>;

export const loadReportSchema = z.object({
  ...stageReport,
  stage: z.literal('dynamodb_load'),
  days: z.array(
    z.object({
      day: daySchema,
      edition: countSchema.min(1),
      outcome: z.enum(['loaded', 'unchanged', 'superseded']),
      items: countSchema,
      put: countSchema,
      deleted: countSchema,
      unchanged: countSchema,
      deadLettered: countSchema,
      verified: z.boolean(),
    }),
  ),
  writes: z.object({
    put: countSchema,
    deleted: countSchema,
    requests: countSchema,
    retries: countSchema,
    consumedUnits: z.number().nonnegative(),
  }),
  throttles: z.array(z.object({ reason: z.string(), count: countSchema })),
  deadLetters: z.object({ key: z.string().nullable(), items: countSchema }),
});
export type LoadReport = z.infer<typeof loadReportSchema>;
