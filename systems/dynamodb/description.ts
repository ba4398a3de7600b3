/** The KPI table as DynamoDB describes it. Its items are the load job's alone. */
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { KeySchemaElement, TableDescription } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { PipelineActivities, ShutdownActivities } from '../../pipeline/activity-types.ts';
import { tableProblems } from '../../pipeline/declared/table.ts';
import type { SeenTable, TableKeys } from '../../pipeline/declared/table.ts';
import { call, failure } from '../../activities/call.ts';

export function createTableActivities(
  dynamo: DynamoDBDocumentClient,
): Pick<ShutdownActivities, 'countTableItems'> & Pick<PipelineActivities, 'checkTable'> {
  return {
    async checkTable({ table }) {
      const problems = tableProblems(seen(await describe(dynamo, table)));
      if (problems.length > 0)
        throw failure(
          'TableMisconfigured',
          `Table ${table} is not as it ought to be: ${problems.join('; ')}`,
        );
    },

    async countTableItems({ table }) {
      return (await describe(dynamo, table)).ItemCount ?? null;
    },
  };
}

async function describe(dynamo: DynamoDBDocumentClient, table: string): Promise<TableDescription> {
  const command = new DescribeTableCommand({ TableName: table });
  const { Table } = await call(`DescribeTable ${table}`, (options) => dynamo.send(command, options));
  return Table ?? {};
}

function seen(table: TableDescription): SeenTable {
  const attributes = table.AttributeDefinitions ?? [];
  return {
    status: table.TableStatus ?? 'without a status',
    keys: keysOf(table.KeySchema),
    types: Object.fromEntries(
      attributes.map(({ AttributeName: name = '', AttributeType: type = '' }) => [name, type]),
    ),
    indexes: (table.GlobalSecondaryIndexes ?? []).map((index) => ({
      name: index.IndexName ?? '',
      status: index.IndexStatus ?? 'without a status',
      keys: keysOf(index.KeySchema),
      projection: index.Projection?.ProjectionType ?? 'nothing',
    })),
  };
}

function keysOf(schema: readonly KeySchemaElement[] = []): TableKeys {
  const nameOf = (type: string): string | undefined =>
    schema.find(({ KeyType }) => KeyType === type)?.AttributeName;
  const sort = nameOf('RANGE');
  return { partition: nameOf('HASH') ?? 'nothing', ...(sort === undefined ? {} : { sort }) };
}
