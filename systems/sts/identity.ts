/** Who AWS takes the credentials for. */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { STSClient } from '@aws-sdk/client-sts';
import type { Caller } from '../aws/caller.ts';

export interface CallerIdentity {
  readonly account: string;
  readonly arn: string;
  readonly region: string;
  /** Milliseconds that AWS's clock is ahead of this machine's; negative where it is behind. */
  readonly clockOffsetMs: number;
}

export async function callerIdentity(sts: STSClient, caller: Caller): Promise<CallerIdentity> {
  const region = await sts.config.region();
  const asked = { operation: 'GetCallerIdentity', resource: 'AWS' };
  const { Account: account, Arn: arn } = await caller.call(asked, (options) =>
    sts.send(new GetCallerIdentityCommand({}), options),
  );
  if (account === undefined || arn === undefined)
    throw caller.failure('UnexpectedError', 'GetCallerIdentity answered without an account or ARN');
  return { account, arn, region, clockOffsetMs: sts.config.systemClockOffset };
}
