/** The KPI table as DynamoDB describes it. Its items are the load job's alone. */
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ShutdownActivities } from '../../pipeline/activity-types.ts';
import { call } from '../aws/call.ts';

export function createTableActivities(
  dynamo: DynamoDBDocumentClient,
): Pick<ShutdownActivities, 'countTableItems'> {
  return {
    async countTableItems({ table }) {
      const describe = new DescribeTableCommand({ TableName: table });
      const { Table } = await call(`DescribeTable ${table}`, (options) => dynamo.send(describe, options));
      return Table?.ItemCount ?? null;
    },
  };
}
