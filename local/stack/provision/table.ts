/** The table of the KPIs, made as it is declared. */
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
  TABLE,
  TABLE_INDEXES,
  TABLE_KEYS,
  type TableKeys,
} from '../../../pipeline/declared/table.ts';
import { unlessThere } from './idempotent.ts';

/** AWS makes an empty table in some seconds, MiniStack at once. */
const CREATION_SECONDS = 60;

export async function provisionTable(dynamo: DynamoDBClient, table: string): Promise<void> {
  const command = new CreateTableCommand({ TableName: table, ...definition() });
  await unlessThere('ResourceInUseException', () => dynamo.send(command));
  await waitUntilTableExists({ client: dynamo, maxWaitTime: CREATION_SECONDS }, { TableName: table });
  await dynamo.send(
    new UpdateContinuousBackupsCommand({
      TableName: table,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: TABLE.pointInTimeRecovery },
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
      TimeToLiveSpecification: { AttributeName: TABLE.expiry, Enabled: true },
    }),
  );
}

function definition(): Omit<CreateTableCommandInput, 'TableName'> {
  return {
    BillingMode: TABLE.billing,
    DeletionProtectionEnabled: TABLE.deletionProtection,
    AttributeDefinitions: keyAttributes().map((name) => ({
      AttributeName: name,
      AttributeType: 'S' as const,
    })),
    KeySchema: schemaOf(TABLE_KEYS),
    GlobalSecondaryIndexes: Object.values(TABLE_INDEXES).map(({ name, keys }) => ({
      IndexName: name,
      KeySchema: schemaOf(keys),
      Projection: { ProjectionType: TABLE.projection },
    })),
  };
}

function schemaOf({ partition, sort }: TableKeys): KeySchemaElement[] {
  const range = sort === undefined ? [] : [{ AttributeName: sort, KeyType: 'RANGE' as const }];
  return [{ AttributeName: partition, KeyType: 'HASH' }, ...range];
}
