/**
 * What each operation takes. Members that Glue does not know are ignored, as AWS's JSON protocol does.
 */
import { z } from 'zod';
import { argumentsSchema, jobSettingsSchema, nameSchema, runSettings } from './model.ts';

const runId = z.string().min(1).max(255);

/** AWS's limits on tags. */
const TAGS_MOST = 50;
const tags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine((given) => Object.keys(given).length <= TAGS_MOST, `expected at most ${TAGS_MOST} tags`);

/** @param most items on a page that a caller may ask for */
const page = (most: number) => ({
  NextToken: z.string().optional(),
  MaxResults: z.int().min(1).max(most).optional(),
});

export const createJobRequest = jobSettingsSchema.extend({ Name: nameSchema, Tags: tags.optional() });
export type CreateJobRequest = z.infer<typeof createJobRequest>;

export const updateJobRequest = z.object({ JobName: nameSchema, JobUpdate: jobSettingsSchema });
/** What GetJob and DeleteJob take. */
export const jobRequest = z.object({ JobName: nameSchema });
export const getJobsRequest = z.object(page(1000));
export const listJobsRequest = z.object({ ...page(1000), Tags: tags.optional() });
export type ListJobsRequest = z.infer<typeof listJobsRequest>;
export const batchGetJobsRequest = z.object({ JobNames: z.array(nameSchema).max(1000) });

export const startJobRunRequest = z.object({
  ...runSettings,
  JobName: nameSchema,
  JobRunId: runId.optional(),
  Arguments: argumentsSchema.optional(),
  ExecutionRoleSessionPolicy: z.string().min(2).max(2048).optional(),
});
export type StartJobRunRequest = z.infer<typeof startJobRunRequest>;

export const getJobRunRequest = z.object({ JobName: nameSchema, RunId: runId });
export const getJobRunsRequest = z.object({ JobName: nameSchema, ...page(200) });
export type GetJobRunsRequest = z.infer<typeof getJobRunsRequest>;

/** Runs that one BatchStopJobRun may name. */
const STOPPED_AT_ONCE = 25;
export const batchStopJobRunRequest = z.object({
  JobName: nameSchema,
  JobRunIds: z.array(runId).min(1).max(STOPPED_AT_ONCE),
});

export const bookmarkRequest = z.object({ JobName: nameSchema, RunId: runId.optional() });

const resourceArn = z.string().regex(/^arn:aws[a-z-]*:glue:.*/, 'expected the ARN of a Glue resource');
export const tagResourceRequest = z.object({ ResourceArn: resourceArn, TagsToAdd: tags });
export const untagResourceRequest = z.object({
  ResourceArn: resourceArn,
  TagsToRemove: z.array(z.string().min(1).max(128)).max(TAGS_MOST),
});
export const getTagsRequest = z.object({ ResourceArn: resourceArn });
