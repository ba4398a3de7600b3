/** How long a shutdown waits. Apart from it, so that a test need not wait as long. */

/** Time after which somebody must look why a run or a Glue run does not end; Glue itself stops within a minute. */
export const WAIT_HOURS = 2;

/**
 * How long a step may fail while nothing else is waited for. Throttling and failing over pass within two or three
 * minutes; a missing right or an outage does not pass by waiting, and meanwhile nobody can undo the shutdown.
 */
export const UNANSWERED_MINUTES = 5;
