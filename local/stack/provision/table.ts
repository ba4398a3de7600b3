/** The table of the KPIs: on demand, found by metric and day either way, with an end for old items and a way back. */
import {
  CreateTableCommand,
  DescribeTimeToLiveCommand,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  type CreateTableCommandInput,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { unlessThere } from './idempotent.ts';

/** The attribute by which items expire, in epoch seconds. */
const EXPIRY = 'expires_at';

/** AWS makes an empty table in some seconds, MiniStack at once. */
const CREATION_SECONDS = 60;

export async function provisionTable(dynamo: DynamoDBClient, table: string): Promise<void> {
  const command = new CreateTableCommand({ TableName: table, ...definition() });
  await unlessThere('ResourceInUseException', () => dynamo.send(command));
  await waitUntilTableExists({ client: dynamo, maxWaitTime: CREATION_SECONDS }, { TableName: table });
  await dynamo.send(
    new UpdateContinuousBackupsCommand({
      TableName: table,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }),
  );
  const { TimeToLiveDescription: ttl } = await dynamo.send(
    new DescribeTimeToLiveCommand({ TableName: table }),
  );
  // Switching on what is on is refused.
  if (ttl?.TimeToLiveStatus === 'ENABLED' || ttl?.TimeToLiveStatus === 'ENABLING') return;
  await dynamo.send(
    new UpdateTimeToLiveCommand({
      TableName: table,
      TimeToLiveSpecification: { AttributeName: EXPIRY, Enabled: true },
    }),
  );
}

function definition(): Omit<CreateTableCommandInput, 'TableName'> {
  return {
    BillingMode: 'PAY_PER_REQUEST',
    DeletionProtectionEnabled: true,
    AttributeDefinitions: ['id', 'metric_type', 'date'].map((name) => ({
      AttributeName: name,
      AttributeType: 'S' as const,
    })),
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      index('metric_type-date-index', 'metric_type', 'date'),
      index('date-metric_type-index', 'date', 'metric_type'),
    ],
  };
}

function index(
  name: string,
  partition: string,
  sort: string,
): NonNullable<CreateTableCommandInput['GlobalSecondaryIndexes']>[number] {
  return {
    IndexName: name,
    KeySchema: [
      { AttributeName: partition, KeyType: 'HASH' },
      { AttributeName: sort, KeyType: 'RANGE' },
    ],
    // Whole items are small, and readers of a day or a metric want all of them.
    Projection: { ProjectionType: 'ALL' },
  };
}
