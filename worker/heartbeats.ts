/**
 * Heartbeats for short activities. They make a few calls and have no loop to beat from, yet when a worker is killed
 * their next attempt should not wait for the whole time limit. So the worker beats for them as long as it lives; what
 * hangs is still ended by the activity's own limit. Long activities beat by themselves, with details of their progress.
 */
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Activities with a longer heartbeat timeout than this beat by themselves. */
const SHORT_MS = 15_000;

/** Beats within one timeout; the SDK passes on at most one in four fifths of it. */
const BEATS = 4;

export const beatForShortActivities: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      const { heartbeatTimeoutMs } = context.info;
      if (heartbeatTimeoutMs === undefined || heartbeatTimeoutMs > SHORT_MS) return await next(input);
      const timer = setInterval(() => {
        context.heartbeat();
      }, heartbeatTimeoutMs / BEATS);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});
