/** Takes the place of `workflows/emergency-shutdown/limits.ts` where a test waits for what takes minutes. */

export const WAIT_HOURS = 2;

/** 6 s. */
export const UNANSWERED_MINUTES = 0.1;
