/**
 * Makes what a pipeline finds in its AWS account: bucket, table, log groups, identities. Done again it changes nothing,
 * so every start of a stack does it.
 */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import type { Settings } from '../../../pipeline/settings.ts';
import type { AccessKey } from '../folder.ts';
import { provisionBucket } from './bucket.ts';
import { jobRoleArn, provisionIdentities, type Identities } from './identities.ts';
import { provisionLogs } from './logs.ts';
import { provisionTable } from './table.ts';

/** The account that MiniStack has. */
const ACCOUNT = '000000000000';

/**
 * The account itself. MiniStack takes this key as such whatever else it is told, and does not check its signature: so
 * the stack uses it to provision, and everything else acts as an IAM user or role.
 */
export const ROOT_KEY = { accessKeyId: 'test', secretAccessKey: 'test' };

export interface ProvisionRequest {
  readonly settings: Pick<Settings, 'pipeline' | 'bucket' | 'table'>;
  readonly region: string;
  readonly endpoint: string;
  /** Keys that an earlier start was given. */
  readonly knownKeys: readonly AccessKey[];
}

export interface Provisioned extends Identities {
  /** ARN of the role that the jobs run as. */
  readonly jobRole: string;
}

export async function provision(request: ProvisionRequest): Promise<Provisioned> {
  const { settings, region, endpoint, knownKeys } = request;
  const { pipeline, bucket, table } = settings;
  const options = { region, endpoint, credentials: ROOT_KEY };
  const s3 = new S3Client(options);
  const dynamo = new DynamoDBClient(options);
  const logs = new CloudWatchLogsClient(options);
  const iam = new IAMClient(options);
  try {
    const jobRole = jobRoleArn(ACCOUNT);
    const scope = { account: ACCOUNT, region, pipeline, bucket, table, jobRole };
    const [identities] = await Promise.all([
      provisionIdentities(iam, scope, knownKeys),
      provisionBucket(s3, bucket, region),
      provisionTable(dynamo, table),
      provisionLogs(logs),
    ]);
    return { ...identities, jobRole };
  } finally {
    for (const client of [s3, dynamo, logs, iam]) client.destroy();
  }
}
