/** An execution of a run, named so that nothing else is meant by it later. */
export interface RunReference {
  readonly workflowId: string;
  readonly runId: string;
  /** The Temporal run id with which the execution began: a reset keeps it, and each execution of a cron chain has its own. */
  readonly originalRunId: string;
  /** The run's id in the bucket. */
  readonly run: string;
}
