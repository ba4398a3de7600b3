/**
 * The activities that procedures call, in groups that share their limits. Retrying is left to these policies; what an
 * operator must decide (`OPERATOR_FAILURES`) is never retried, and the step parks at once.
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import type { ProcedureActivities } from '../../pipeline/procedures/activity-types.ts';
import { retry } from '../shared/retry.ts';

type Activities = ProcedureActivities & PipelineActivities;

/** A few calls to one service. */
export const quick = proxyActivities<Activities>({
  // The slowest of them writes a report or asks some dozen workflows; a minute is a hundred times what it needs.
  startToCloseTimeout: '1m',
  // The worker beats for short activities, so a killed worker is noticed after this time.
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/** Work that grows with the data: reading, comparing, copying. */
export const long = proxyActivities<Activities>({
  // Reading a terabyte at 50 MB/s takes six hours: a search without bounds over years of data.
  startToCloseTimeout: '8h',
  // The worker beats for these too: one copy within S3 may take a minute and can't beat by itself.
  heartbeatTimeout: '15s',
  // What was begun on the data is left in a known state before the procedure ends.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});

/** Waiting for runs. They wait for operators as well, so nothing but their end ends it. */
export const awaiting = proxyActivities<Pick<Activities, 'awaitRuns'>>({
  // Longer than any run waits for an operator; a run that `MSP_PARK_EXPIRY` lets wait for ever is asked for again.
  startToCloseTimeout: '30d',
  // Many looks: a worker that is gone is noticed, a slow answer is not taken for one.
  heartbeatTimeout: '60s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
});
