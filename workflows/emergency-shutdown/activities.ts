/** The activities that stop what is open, for the emergency shutdown and for whatever else has to. */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { ShutdownActivities } from '../../pipeline/activity-types.ts';

/** What fails is tried again with the next look, so one call need not try for long. */
export const stopping = proxyActivities<ShutdownActivities>({
  // Fifty runs are told within a second; a minute is for hundreds, on a busy server.
  startToCloseTimeout: '1m',
  scheduleToCloseTimeout: '2m',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    // Seconds count here.
    initialInterval: '500ms',
    backoffCoefficient: 1.5,
    maximumInterval: '10s',
  },
});

/** Worth more patience than the others: without the report nobody finds what was stopped. */
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
