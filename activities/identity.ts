/** Who the worker is to AWS. Reads only. */
import type { Identity } from '../pipeline/activity-types.ts';
import type { Settings } from '../pipeline/settings.ts';
import type { Systems } from '../systems/systems.ts';
import { failure } from './call.ts';

/** S3 refuses requests that are further off than 15 minutes; at a third of that somebody should look. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

export function createIdentityActivities(
  systems: Pick<Systems, 'identity'>,
  settings: Settings,
): { validateAwsConnection(): Promise<Identity> } {
  return {
    async validateAwsConnection() {
      const { account, arn, region, clockOffsetMs } = await systems.identity();
      if (settings.expectedAccount !== undefined && settings.expectedAccount !== account) {
        const expected = settings.expectedAccount;
        throw failure(
          'WrongAccount',
          `The credentials belong to account ${account}, MSP_EXPECTED_ACCOUNT is ${expected}`,
        );
      }
      const skew = Math.abs(clockOffsetMs);
      if (skew > MAX_CLOCK_SKEW_MS) {
        throw failure('ClockSkewed', `The worker's clock is ${Math.round(skew / 1000)} s off AWS's`);
      }
      return { account, arn, region };
    },
  };
}
