/**
 * Jobs and job runs in the shape in which Glue's API answers them (PascalCase, times in epoch seconds), and the records
 * in which they are kept on disk. The answer's shape is stored as it is, so there is nothing to translate.
 */
import { z } from 'zod';

export const JOB_RUN_STATES = [
  'STARTING',
  'RUNNING',
  'STOPPING',
  'STOPPED',
  'SUCCEEDED',
  'FAILED',
  'TIMEOUT',
  'ERROR',
  'WAITING',
  'EXPIRED',
] as const;
export type JobRunState = (typeof JOB_RUN_STATES)[number];

export const ENDED_STATES = ['STOPPED', 'SUCCEEDED', 'FAILED', 'TIMEOUT', 'ERROR', 'EXPIRED'] as const;
export type EndedState = (typeof ENDED_STATES)[number];

export function hasEnded(state: JobRunState): state is EndedState {
  return ENDED_STATES.some((ended) => ended === state);
}

/** A job's or a run's arguments: names with their leading `--`. */
export const argumentsSchema = z.record(z.string(), z.string());
export type GlueArguments = z.infer<typeof argumentsSchema>;

/** Fields that the local Glue keeps and answers without reading them. */
const kept = z.record(z.string(), z.unknown());

const commandSchema = z.object({
  Name: z.enum(['glueetl', 'pythonshell'], 'the local Glue runs glueetl and pythonshell jobs only'),
  ScriptLocation: z
    .string()
    .max(400_000)
    .regex(/^s3:\/\/[^/]+\/.+/, 'expected s3://BUCKET/KEY'),
  PythonVersion: z.enum(['2', '3', '3.9']).optional(),
  Runtime: z.string().max(64).optional(),
});

/** A value that can be a name: what AWS allows in `NameString`. */
export const nameSchema = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[\u0020-\uFFFD\t]*$/, 'expected printable characters');

/** What a definition says for all its runs, and a StartJobRun may say otherwise for its own. */
export const runSettings = {
  JobRunQueuingEnabled: z.boolean().optional(),
  AllocatedCapacity: z.int().optional(),
  Timeout: z.int().optional(),
  MaxCapacity: z.number().optional(),
  SecurityConfiguration: nameSchema.optional(),
  NotificationProperty: z.object({ NotifyDelayAfter: z.int().min(1).optional() }).optional(),
  NumberOfWorkers: z.int().optional(),
  WorkerType: z.string().optional(),
  ExecutionClass: z.enum(['STANDARD', 'FLEX']).optional(),
};

/** The definition of a job apart from its name: what CreateJob takes and what UpdateJob replaces as a whole. */
export const jobSettingsSchema = z.object({
  ...runSettings,
  JobMode: z.enum(['SCRIPT', 'VISUAL', 'NOTEBOOK']).optional(),
  Description: z.string().max(2048).optional(),
  LogUri: z.string().optional(),
  Role: z.string().min(1),
  ExecutionProperty: z.object({ MaxConcurrentRuns: z.int().min(1).max(1000).optional() }).optional(),
  Command: commandSchema,
  DefaultArguments: argumentsSchema.optional(),
  NonOverridableArguments: argumentsSchema.optional(),
  Connections: z.object({ Connections: z.array(z.string()).optional() }).optional(),
  MaxRetries: z.int().min(0).max(10).optional(),
  GlueVersion: z.string().min(1).max(255).optional(),
  CodeGenConfigurationNodes: kept.optional(),
  SourceControlDetails: kept.optional(),
  MaintenanceWindow: z
    .string()
    .regex(/^(Sun|Mon|Tue|Wed|Thu|Fri|Sat):([01]?[0-9]|2[0-3])$/, 'expected DAY:HOUR, as in Sun:3')
    .optional(),
});
export type JobSettings = z.infer<typeof jobSettingsSchema>;

/** Epoch seconds with fraction, as the JSON protocol writes times. */
const time = z.number();

export const jobSchema = jobSettingsSchema.extend({
  Name: nameSchema,
  CreatedOn: time,
  LastModifiedOn: time,
  ExecutionProperty: z.object({ MaxConcurrentRuns: z.int() }),
  MaxRetries: z.int(),
  Timeout: z.int(),
  GlueVersion: z.string(),
});
export type Job = z.infer<typeof jobSchema>;

export const tagsSchema = z.record(z.string(), z.string());
export type Tags = z.infer<typeof tagsSchema>;

export const jobRecordSchema = z.object({ version: z.literal(1), job: jobSchema, tags: tagsSchema });
export type JobRecord = z.infer<typeof jobRecordSchema>;

export const jobRunSchema = z.object({
  ...runSettings,
  Id: z.string(),
  Attempt: z.int(),
  PreviousRunId: z.string().optional(),
  JobName: nameSchema,
  JobMode: z.string().optional(),
  JobRunQueuingEnabled: z.boolean(),
  StartedOn: time,
  LastModifiedOn: time,
  CompletedOn: time.optional(),
  JobRunState: z.enum(JOB_RUN_STATES),
  StateDetail: z.string().optional(),
  Arguments: argumentsSchema.optional(),
  ErrorMessage: z.string().optional(),
  PredecessorRuns: z.array(z.object({ JobName: z.string(), RunId: z.string() })),
  ExecutionTime: z.int(),
  Timeout: z.int(),
  LogGroupName: z.string(),
  GlueVersion: z.string(),
  DPUSeconds: z.number().optional(),
  MaintenanceWindow: z.string().optional(),
  ExecutionRoleSessionPolicy: z.string().optional(),
});
export type JobRun = z.infer<typeof jobRunSchema>;

/** The process group of a run and when its leader started, by which it is told from a later owner of the same number. */
export const processGroupSchema = z.object({ id: z.int().positive(), startedAt: z.string() });
export type ProcessGroupIdentity = z.infer<typeof processGroupSchema>;

export const runRecordSchema = z.object({
  version: z.literal(1),
  run: jobRunSchema,
  /** The definition as it was when the run was started: a later UpdateJob does not reach a run. */
  job: jobSchema,
  /** Grows with every run started on this server; the order of history and of the queue. */
  sequence: z.int(),
  /** When the run began to use resources, in epoch milliseconds. */
  runningSince: z.number().optional(),
  processGroup: processGroupSchema.optional(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** Epoch milliseconds as the protocol's epoch seconds. */
export function epochSeconds(milliseconds: number): number {
  return milliseconds / 1000;
}
