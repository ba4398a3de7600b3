/** The bucket as it ought to be. `../layout.ts` has its prefixes; their markers are made by each run, not with the bucket. */
import { OBJECT_DAYS, OLD_VERSION_DAYS, UNFINISHED_UPLOAD_DAYS } from './retention.ts';

/** An end for what nobody needs again. */
export interface LifecycleRule {
  readonly id: string;
  /** All of the bucket where it is empty. */
  readonly prefix: string;
  /** Days after which objects expire. */
  readonly objectDays?: number;
  /** Days after which a version goes that was replaced or deleted. */
  readonly oldVersionDays?: number;
  /** Days after which an upload in parts goes that was never completed. */
  readonly unfinishedUploadDays?: number;
}

export const BUCKET = {
  /** Inputs are fixed by their version, and a recovery finds in versions what an object held before. */
  versioning: 'Enabled',
  /** S3's own keys: nobody has to be given a right to use them. */
  encryption: 'AES256',
  /** Neither lists nor policies can open it; readers act as identities of the account. */
  publicAccessBlocked: true,
  lifecycle: [
    ...Object.entries(OBJECT_DAYS).map(([prefix, objectDays]) => ({
      id: `expire-${prefix.replaceAll('/', '-').slice(0, -1)}`,
      prefix,
      objectDays,
    })),
    {
      id: 'old-versions-and-unfinished-uploads',
      prefix: '',
      oldVersionDays: OLD_VERSION_DAYS,
      unfinishedUploadDays: UNFINISHED_UPLOAD_DAYS,
    },
  ] as readonly LifecycleRule[],
} as const;
