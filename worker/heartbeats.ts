/**
 * Heartbeats for activities that have no loop to beat from: they wait for single calls, yet when a worker is killed
 * their next attempt should not wait for the whole time limit. So the worker beats for them as long as it lives; what
 * hangs is still ended by the activity's own limit. Waiting for a Glue run has a longer timeout and beats by itself.
 */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Activities with a longer heartbeat timeout than this beat by themselves. */
const SHORT_MS = 15_000;

/** Beats within one timeout; the SDK passes on at most one in four fifths of it. */
const BEATS = 4;

export const beatForActivities: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      const { heartbeatTimeoutMs, heartbeatDetails } = context.info;
      if (heartbeatTimeoutMs === undefined || heartbeatTimeoutMs > SHORT_MS) return await next(input);
      const timer = setInterval(() => {
        // A beat replaces the details of the one before: what an earlier attempt has left must outlive this one's end.
        context.heartbeat(heartbeatDetails);
      }, heartbeatTimeoutMs / BEATS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});
