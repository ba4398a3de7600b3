/** Who the worker is to AWS. Reads only. */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { STSClient } from '@aws-sdk/client-sts';
import type { Identity } from '../pipeline/activity-types.ts';
import type { Settings } from '../pipeline/settings.ts';
import { call, failure } from './call.ts';

/** S3 refuses requests that are further off than 15 minutes; at a third of that somebody should look. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

export function createIdentityActivities(
  sts: STSClient,
  settings: Settings,
): { validateAwsConnection(): Promise<Identity> } {
  return {
    async validateAwsConnection() {
      const region = await sts.config.region();
      const caller = await call('GetCallerIdentity', (options) =>
        sts.send(new GetCallerIdentityCommand({}), options),
      );
      if (caller.Account === undefined || caller.Arn === undefined) {
        throw failure('UnexpectedError', 'GetCallerIdentity answered without an account or ARN');
      }
      if (settings.expectedAccount !== undefined && settings.expectedAccount !== caller.Account) {
        const expected = settings.expectedAccount;
        throw failure(
          'WrongAccount',
          `The credentials belong to account ${caller.Account}, MSP_EXPECTED_ACCOUNT is ${expected}`,
        );
      }
      const skew = Math.abs(sts.config.systemClockOffset);
      if (skew > MAX_CLOCK_SKEW_MS) {
        throw failure('ClockSkewed', `The worker's clock is ${String(Math.round(skew / 1000))} s off AWS's`);
      }
      return { account: caller.Account, arn: caller.Arn, region };
    },
  };
}
