/** The one call of the shutdown that is worth more patience than its others: without it nobody finds what was stopped. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ShutdownActivities } from '../../pipeline/activity-types.ts';

export const documenting = proxyActivities<Pick<ShutdownActivities, 'writeShutdownReport'>>({
  // It reads the records of each run that was stopped: hundreds of them in some seconds, on a busy day in minutes.
  startToCloseTimeout: '5m',
  // Outages of S3 are mostly shorter. Until then, whoever asks for a shutdown joins this one, which no longer looks at
  // what begins: it must not last for hours.
  scheduleToCloseTimeout: '20m',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    initialInterval: '1s',
    backoffCoefficient: 2,
    // Soon after S3 is back somebody will want to undo it.
    maximumInterval: '30s',
  },
});
