/** Glue's own log groups: what a script prints, and what Spark and the system say. A run's stream has its id. */
export const LOG_GROUPS = {
  output: '/aws-glue/jobs/output',
  error: '/aws-glue/jobs/error',
} as const;
