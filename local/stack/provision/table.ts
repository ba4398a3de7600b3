/** The table of the KPIs: on demand, found by metric and day either way, with an end for old items and a way back. */
import {
  CreateTableCommand,
  DescribeTimeToLiveCommand,
  UpdateContinuousBackupsCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  type CreateTableCommandInput,
  type DynamoDBClient,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb';
import {
  keyAttributes,
  TABLE_INDEXES,
  TABLE_KEYS,
  type TableKeys,
} from '../../../pipeline/declared/table.ts';
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
    AttributeDefinitions: keyAttributes().map((name) => ({
      AttributeName: name,
      AttributeType: 'S' as const,
    })),
    KeySchema: schemaOf(TABLE_KEYS),
    GlobalSecondaryIndexes: Object.values(TABLE_INDEXES).map(({ name, keys }) => ({
      IndexName: name,
      KeySchema: schemaOf(keys),
      // Whole items are small, and readers of a day or a metric want all of them.
      Projection: { ProjectionType: 'ALL' as const },
    })),
  };
}

function schemaOf({ partition, sort }: TableKeys): KeySchemaElement[] {
  const range = sort === undefined ? [] : [{ AttributeName: sort, KeyType: 'RANGE' as const }];
  return [{ AttributeName: partition, KeyType: 'HASH' }, ...range];
}
