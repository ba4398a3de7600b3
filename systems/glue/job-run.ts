/** A Glue job run as its users see it, made of what Glue answers. */
import type { JobRun as AnsweredRun } from '@aws-sdk/client-glue';
import { dpuSeconds, ownerOfToken, RUN_ARGUMENT, TOKEN_ARGUMENT } from '../../pipeline/glue-run.ts';
import type { TokenParts } from '../../pipeline/glue-run.ts';

export interface JobRun {
  readonly id: string;
  readonly jobName: string;
  readonly state: string;
  /** Why it waits, where Glue says so. */
  readonly detail: string | undefined;
  /** The pipeline run that it belongs to, by its id in the bucket. */
  readonly run: string | undefined;
  readonly token: string | undefined;
  /** What the token was made of, where it is one of the pipeline's. */
  readonly owner: TokenParts | undefined;
  readonly startedAt: Date | undefined;
  readonly endedAt: Date | undefined;
  readonly executionSeconds: number;
  readonly timeoutMinutes: number | undefined;
  readonly workerType: string | undefined;
  readonly numberOfWorkers: number | undefined;
  readonly dpuSeconds: number | undefined;
  readonly errorMessage: string | undefined;
}

export function jobRunOf(answered: AnsweredRun, jobName: string): JobRun {
  const {
    ExecutionTime: executionSeconds = 0,
    WorkerType: workerType,
    NumberOfWorkers: numberOfWorkers,
  } = answered;
  const token = answered.Arguments?.[TOKEN_ARGUMENT];
  return {
    id: answered.Id ?? '',
    jobName: answered.JobName ?? jobName,
    state: answered.JobRunState ?? 'UNKNOWN',
    detail: answered.StateDetail,
    run: answered.Arguments?.[RUN_ARGUMENT],
    token,
    owner: ownerOfToken(token ?? ''),
    startedAt: answered.StartedOn,
    endedAt: answered.CompletedOn,
    executionSeconds,
    timeoutMinutes: answered.Timeout,
    workerType,
    numberOfWorkers,
    dpuSeconds: dpuSeconds({ reported: answered.DPUSeconds, executionSeconds, workerType, numberOfWorkers }),
    errorMessage: answered.ErrorMessage,
  };
}
