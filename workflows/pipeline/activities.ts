/**
 * The activities that the pipeline calls, in groups that share their limits. Retrying is left to these policies; what
 * an operator must decide (`OPERATOR_FAILURES`) is never retried, and the stage parks at once.
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ActivityInterfaceFor } from '@temporalio/workflow';
import { OPERATOR_FAILURES } from '../../pipeline/failures.ts';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { retry } from '../shared/retry.ts';

/** A few calls to one service. */
export const quick = proxyActivities<PipelineActivities>({
  // The slowest of them lists a prefix or uploads four small objects; a minute is a hundred times what it needs.
  startToCloseTimeout: '1m',
  // The worker beats for short activities, so a killed worker is noticed after this time.
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/** Work that grows with the input: hashing, copying, publishing. Its own heartbeats say how far it is. */
export const long = proxyActivities<PipelineActivities>({
  // A full batch of 20 GiB at 50 MB/s takes seven minutes, and copies may need as long again.
  startToCloseTimeout: '1h',
  // The worker beats for these too: one copy within S3 may take a minute and can't beat by itself.
  heartbeatTimeout: '15s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});

/** Starting a Glue run, which may have to wait for the job's concurrency limit. */
export const starting = proxyActivities<PipelineActivities>({
  // Two looks at the job's history and one start; every call ends by itself within 30 s.
  startToCloseTimeout: '2m',
  heartbeatTimeout: '10s',
  // Longer than a queue of ordinary runs lasts; then somebody should look at what occupies the job.
  scheduleToCloseTimeout: '2h',
  // A start that is under way when the run is paused or stopped is seen to its end.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    // A slot frees 5 to 10 s after a run's end. On whatever else fails the activity itself gives up after some attempts.
    initialInterval: '2s',
    backoffCoefficient: 1.5,
    maximumInterval: '20s',
    nonRetryableErrorTypes: OPERATOR_FAILURES,
  },
});

/** Time that a Glue run may wait for capacity beyond its own limit (FLEX may wait 20 minutes), plus the stopping. */
const QUEUE_MARGIN_MINUTES = 45;

/** Waiting for a Glue run. Worker restarts and pauses spend attempts, so only the job's own limit bounds it. */
export function awaitingGlue(
  timeoutMinutes: number,
  stage: StageName,
): ActivityInterfaceFor<PipelineActivities> {
  return proxyActivities<PipelineActivities>({
    // Shown in the timeline, where three stages wait for Glue.
    summary: stage,
    scheduleToCloseTimeout: `${timeoutMinutes + QUEUE_MARGIN_MINUTES}m`,
    // At least two polls of the longest interval (20 s at the default setting).
    heartbeatTimeout: '60s',
    // The workflow stops the Glue run itself and must not wait for a heartbeat to deliver the news first.
    cancellationType: ActivityCancellationType.TRY_CANCEL,
    retry: {
      initialInterval: '1s',
      backoffCoefficient: 2,
      maximumInterval: '30s',
      nonRetryableErrorTypes: OPERATOR_FAILURES,
    },
  });
}
