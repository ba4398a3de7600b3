/** The published KPIs, read from DynamoDB by day. */
import { DescribeTableCommand, type TableDescription } from '@aws-sdk/client-dynamodb';
import { paginateQuery, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { kpiItemSchema, METRIC_TYPES, type KpiItem, type MetricType } from '../pipeline/kpi-items.ts';
import { expected } from './answers.ts';
import { ClientError, explain, notFound, shapeOf } from './errors.ts';

/** An item as it is in the table. */
export const publishedKpiSchema = kpiItemSchema.extend({
  edition: z.number().int(),
  timestamp: z.string(),
  /** Epoch seconds after which DynamoDB deletes the item. */
  expires_at: z.number(),
});
export type PublishedKpi = z.infer<typeof publishedKpiSchema>;

export interface KpiQuestion {
  /** UTC date of the plays. */
  readonly date: string;
  readonly metric?: MetricType;
  /** Only items that have these dimensions; numbers are compared as text. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

export const tableSchema = z.object({
  name: z.string(),
  status: z.string(),
  /** Updated by DynamoDB about every six hours. */
  items: z.number(),
  bytes: z.number(),
  billing: z.string(),
  keys: z.array(z.string()),
  indexes: z.array(z.object({ name: z.string(), status: z.string(), keys: z.array(z.string()) })),
});
export type TableView = z.infer<typeof tableSchema>;

export class Kpis {
  readonly #dynamo: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(dynamo: DynamoDBDocumentClient, table: string) {
    this.#dynamo = dynamo;
    this.#table = table;
  }

  /** The items of a day, ordered by metric and dimensions; none when nothing is published. */
  async query({ date, metric, dimensions = {} }: KpiQuestion): Promise<PublishedKpi[]> {
    const index = await this.#indexByDate();
    const items: PublishedKpi[] = [];
    const pages = paginateQuery(
      { client: this.#dynamo },
      {
        TableName: this.#table,
        IndexName: index,
        KeyConditionExpression:
          metric === undefined ? '#date = :date' : '#date = :date AND metric_type = :metric',
        ExpressionAttributeNames: { '#date': 'date' },
        ExpressionAttributeValues: { ':date': date, ...(metric === undefined ? {} : { ':metric': metric }) },
      },
    );
    try {
      for await (const page of pages) items.push(...(page.Items ?? []).map((item) => this.#parse(item)));
    } catch (error) {
      throw explain(error, `table ${this.#table}`);
    }
    return items.filter((item) => hasDimensions(item, dimensions)).sort(byMetricAndDimensions);
  }

  /** The table's state, keys and indexes. */
  async describe(): Promise<TableView> {
    const table = await this.#describe();
    return {
      name: this.#table,
      status: table.TableStatus ?? 'UNKNOWN',
      items: table.ItemCount ?? 0,
      bytes: table.TableSizeBytes ?? 0,
      billing: table.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
      keys: keysOf(table.KeySchema),
      indexes: (table.GlobalSecondaryIndexes ?? []).map((index) => ({
        name: index.IndexName ?? '',
        status: index.IndexStatus ?? 'UNKNOWN',
        keys: keysOf(index.KeySchema),
      })),
    };
  }

  /** The index is found by its key, not by its name: names belong to whoever created the table. */
  async #indexByDate(): Promise<string> {
    const index = (await this.#describe()).GlobalSecondaryIndexes?.find(
      ({ KeySchema: keys }) => keysOf(keys).join() === 'date,metric_type',
    );
    if (index?.IndexName !== undefined) return index.IndexName;
    throw new ClientError('NotFound', `Table ${this.#table} has no index by date and metric_type.`, {
      advice: 'Create a global secondary index with partition key date and sort key metric_type.',
    });
  }

  async #describe(): Promise<TableDescription> {
    try {
      const { Table: table } = await this.#dynamo.send(new DescribeTableCommand({ TableName: this.#table }));
      return table ?? {};
    } catch (error) {
      if (shapeOf(error).name === 'ResourceNotFoundException') {
        throw notFound(`There is no table ${this.#table}.`, 'Create it, or correct MSP_TABLE.', error);
      }
      throw explain(error, `table ${this.#table}`);
    }
  }

  #parse(item: unknown): PublishedKpi {
    return expected(publishedKpiSchema, item, {
      what: `An item of table ${this.#table}`,
      advice: 'Something else writes into the table, or another version of the loader did.',
    });
  }
}

function keysOf(schema: TableDescription['KeySchema']): string[] {
  const role = (type: string | undefined): number => (type === 'HASH' ? 0 : 1);
  return [...(schema ?? [])]
    .sort((a, b) => role(a.KeyType) - role(b.KeyType))
    .map((key) => key.AttributeName ?? '');
}

function hasDimensions(item: KpiItem, wanted: Readonly<Record<string, string>>): boolean {
  const own = new Map<string, string | number | undefined>(Object.entries(item.dimensions));
  return Object.entries(wanted).every(([name, value]) => String(own.get(name) ?? '') === value);
}

function byMetricAndDimensions(a: KpiItem, b: KpiItem): number {
  const text = (x = '', y = ''): number => (x < y ? -1 : x > y ? 1 : 0);
  const number = (x = 0, y = 0): number => x - y;
  return (
    METRIC_TYPES.indexOf(a.metric_type) - METRIC_TYPES.indexOf(b.metric_type) ||
    text(a.dimensions.genre, b.dimensions.genre) ||
    text(a.dimensions.country, b.dimensions.country) ||
    number(a.dimensions.rank, b.dimensions.rank) ||
    number(a.dimensions.hour, b.dimensions.hour)
  );
}
