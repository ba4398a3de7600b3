/** How many requests an activity has under way at once, where it has many to make. */

/** To S3: half of the sockets that a worker has for it (`aws/clients.ts`), so that two runs do not wait for each other. */
export const S3_AT_ONCE = 16;

/** To Temporal: fifty runs are told within a second, and a server's limit for a namespace is a hundred times that. */
export const TEMPORAL_AT_ONCE = 20;
