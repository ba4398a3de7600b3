/**
 * What each operation takes. Members that Glue does not know are ignored, as AWS's JSON protocol does.
 */
import { z } from 'zod';
import { argumentsSchema, jobSettingsSchema, nameSchema } from './model.ts';

const runId = z.string().min(1).max(255);

/** AWS's limits on tags. */
const TAGS_MOST = 50;
const tags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine((given) => Object.keys(given).length <= TAGS_MOST, `expected at most ${TAGS_MOST} tags`);

const jobPage = { NextToken: z.string().optional(), MaxResults: z.int().min(1).max(1000).optional() };

export const createJobRequest = jobSettingsSchema.extend({ Name: nameSchema, Tags: tags.optional() });
export type CreateJobRequest = z.infer<typeof createJobRequest>;

export const updateJobRequest = z.object({ JobName: nameSchema, JobUpdate: jobSettingsSchema });
export const getJobRequest = z.object({ JobName: nameSchema });
export const getJobsRequest = z.object(jobPage);
export const listJobsRequest = z.object({ ...jobPage, Tags: tags.optional() });
export type ListJobsRequest = z.infer<typeof listJobsRequest>;
export const batchGetJobsRequest = z.object({ JobNames: z.array(nameSchema).max(1000) });
export const deleteJobRequest = z.object({ JobName: nameSchema });

export const startJobRunRequest = z.object({
  JobName: nameSchema,
  JobRunQueuingEnabled: z.boolean().optional(),
  JobRunId: runId.optional(),
  Arguments: argumentsSchema.optional(),
  AllocatedCapacity: z.int().optional(),
  Timeout: z.int().optional(),
  MaxCapacity: z.number().optional(),
  SecurityConfiguration: nameSchema.optional(),
  NotificationProperty: z.object({ NotifyDelayAfter: z.int().min(1).optional() }).optional(),
  WorkerType: z.string().optional(),
  NumberOfWorkers: z.int().optional(),
  ExecutionClass: z.enum(['STANDARD', 'FLEX']).optional(),
  ExecutionRoleSessionPolicy: z.string().min(2).max(2048).optional(),
});
export type StartJobRunRequest = z.infer<typeof startJobRunRequest>;

export const getJobRunRequest = z.object({ JobName: nameSchema, RunId: runId });
export const getJobRunsRequest = z.object({
  JobName: nameSchema,
  NextToken: z.string().optional(),
  MaxResults: z.int().min(1).max(200).optional(),
});
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
