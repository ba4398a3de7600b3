import { z } from 'zod';

/** Glue's own log groups: what a script prints, and what Spark and the system say. A run's stream has its id. */
export const LOG_GROUPS = {
  output: '/aws-glue/jobs/output',
  error: '/aws-glue/jobs/error',
} as const;

export type LogStream = keyof typeof LOG_GROUPS;

export const logLineSchema = z.object({
  stream: z.enum(['output', 'error']),
  at: z.string(),
  message: z.string(),
});
export type LogLine = z.infer<typeof logLineSchema>;
