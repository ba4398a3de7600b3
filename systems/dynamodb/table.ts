/** A table: what DynamoDB tells of it, and its items. Reads only; items are the load job's alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SeenTable, TableKeys } from '../../pipeline/declared/table.ts';
import { pagesOf } from '../aws/caller.ts';
import type { AwsCall, Caller } from '../aws/caller.ts';

/** BatchGetItem's limit. */
const READ_AT_ONCE = 100;

/** Time for a throttled table to recover before unread keys are asked for again. */
const UNREAD_PAUSE_MS = 200;

export interface DescribedTable extends SeenTable {
  /** Updated by DynamoDB about every six hours. */
  readonly items: number | undefined;
  readonly bytes: number;
  readonly billing: string;
}

export type Row = Readonly<Record<string, unknown>>;

export class Table {
  readonly #dynamo: DynamoDBDocumentClient;
  readonly #caller: Caller;
  readonly name: string;

  constructor(dynamo: DynamoDBDocumentClient, caller: Caller, name: string) {
    this.#dynamo = dynamo;
    this.#caller = caller;
    this.name = name;
  }

  async describe(): Promise<DescribedTable> {
    const command = new DescribeTableCommand({ TableName: this.name });
    const { Table: table = {} } = await this.#caller.call(this.#asked('DescribeTable'), (options) =>
      this.#dynamo.send(command, options),
    );
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
      items: table.ItemCount,
      bytes: table.TableSizeBytes ?? 0,
      billing: table.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
    };
  }

  /**
   * Items by an index, page by page.
   * @param wanted values of the index's key: of its partition key, and of its sort key if need be
   */
  async *query(index: string, wanted: Readonly<Record<string, string>>): AsyncGenerator<Row[]> {
    const fields = Object.entries(wanted);
    const pages = paginateQuery(
      { client: this.#dynamo },
      {
        TableName: this.name,
        IndexName: index,
        KeyConditionExpression: fields.map((_field, at) => `#name${at} = :value${at}`).join(' AND '),
        ExpressionAttributeNames: Object.fromEntries(fields.map(([name], at) => [`#name${at}`, name])),
        ExpressionAttributeValues: Object.fromEntries(fields.map(([, value], at) => [`:value${at}`, value])),
      },
    );
    const asked = this.#asked('Query', ...Object.values(wanted));
    for await (const { Items = [] } of pagesOf(this.#caller, asked, pages)) yield Items;
  }

  /** Items by their ids, as they are at this moment; those that are not there are left out. */
  async read(ids: readonly string[]): Promise<Map<string, Row>> {
    const rows = new Map<string, Row>();
    for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
      let keys: Row[] = ids.slice(at, at + READ_AT_ONCE).map((id) => ({ id }));
      while (keys.length > 0) {
        const RequestItems = { [this.name]: { Keys: keys, ConsistentRead: true } };
        const answer = await this.#caller.call(this.#asked('BatchGetItem'), (options) =>
          this.#dynamo.send(new BatchGetCommand({ RequestItems }), options),
        );
        for (const row of answer.Responses?.[this.name] ?? []) rows.set(String(row['id']), row);
        keys = answer.UnprocessedKeys?.[this.name]?.Keys ?? [];
        if (keys.length > 0) await sleep(UNREAD_PAUSE_MS);
      }
    }
    return rows;
  }

  #asked(operation: string, ...of: readonly string[]): AwsCall {
    return { operation: [operation, this.name, ...of].join(' '), resource: `table ${this.name}` };
  }
}

function keysOf(schema: readonly KeySchemaElement[] = []): TableKeys {
  const nameOf = (type: string): string | undefined =>
    schema.find(({ KeyType }) => KeyType === type)?.AttributeName;
  const sort = nameOf('RANGE');
  return { partition: nameOf('HASH') ?? 'nothing', ...(sort === undefined ? {} : { sort }) };
}
