/** Glue's log groups, made beforehand so that they have an end; Glue makes them without one. */
import {
  CreateLogGroupCommand,
  PutRetentionPolicyCommand,
  type CloudWatchLogsClient,
} from '@aws-sdk/client-cloudwatch-logs';
import { LOG_GROUPS } from '../../../pipeline/declared/logs.ts';
import { LOG_DAYS } from '../../../pipeline/declared/retention.ts';
import { unlessThere } from './idempotent.ts';

export async function provisionLogs(logs: CloudWatchLogsClient): Promise<void> {
  for (const logGroupName of Object.values(LOG_GROUPS)) {
    await unlessThere('ResourceAlreadyExistsException', () =>
      logs.send(new CreateLogGroupCommand({ logGroupName })),
    );
    await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: LOG_DAYS }));
  }
}
