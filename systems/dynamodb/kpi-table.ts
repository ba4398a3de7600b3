/**
 * Comparing the table with published items. The index by date tells what the table has of a day, but may lag behind it
 * or show what is deleted already; whatever differs is therefore read again from the table itself. Reads only.
 */
import { BatchGetCommand, paginateQuery } from '@aws-sdk/lib-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { heartbeat, sleep } from '@temporalio/activity';
import { canonicalJson } from '../../pipeline/canonical-json.ts';
import { TABLE_INDEXES } from '../../pipeline/declared/table.ts';
import { daySchema } from '../../pipeline/documents.ts';
import type { KpiItem } from '../../pipeline/kpi-items.ts';
import type { TableDifference } from '../../pipeline/recovery/evidence.ts';
import { call } from '../../activities/call.ts';

/** Every day that is loaded has an item of this metric. */
const METRIC_OF_EVERY_DAY = 'daily_listen_count';

/** BatchGetItem's limit. */
const READ_AT_ONCE = 100;

/** Time for a throttled table to recover before unread keys are asked for again. */
const UNREAD_PAUSE_MS = 200;

/** Ids named of a difference. */
const EXAMPLES = 5;

/** What makes an item the same; the rest says when and for how long. */
const COMPARED = ['metric_type', 'date', 'value', 'dimensions', 'metadata'] as const;

type Row = Readonly<Record<string, unknown>>;

/** An index, and the value of its partition key. */
interface Asked {
  readonly index: string;
  readonly name: string;
  readonly value: string;
}

export class KpiTable {
  readonly #dynamo: DynamoDBDocumentClient;
  readonly #name: string;

  constructor(dynamo: DynamoDBDocumentClient, name: string) {
    this.#dynamo = dynamo;
    this.#name = name;
  }

  /** Days that the table has items of. */
  async days(): Promise<string[]> {
    const days = new Set<string>();
    const of = { index: TABLE_INDEXES.byMetric.name, name: 'metric_type', value: METRIC_OF_EVERY_DAY };
    for await (const { date } of this.#query(of)) {
      const day = daySchema.safeParse(date);
      if (day.success) days.add(day.data);
    }
    return [...days];
  }

  async compare(day: string, published: readonly KpiItem[]): Promise<TableDifference> {
    const wanted = new Map(published.map((item) => [item.id, item]));
    const listed = await this.#ofDay(day);
    const doubtful = [...new Set([...wanted.keys(), ...listed.keys()])]
      .filter((id) => !same(wanted.get(id), listed.get(id)))
      .sort();
    const there = await this.#read(doubtful);
    const differing = doubtful.filter((id) => !same(wanted.get(id), there.get(id)));
    return {
      missing: differing.filter((id) => !there.has(id)).length,
      changed: differing.filter((id) => there.has(id) && wanted.has(id)).length,
      surplus: differing.filter((id) => !wanted.has(id)).length,
      examples: differing.slice(0, EXAMPLES),
    };
  }

  async #ofDay(day: string): Promise<Map<string, Row>> {
    const rows = new Map<string, Row>();
    for await (const row of this.#query({ index: TABLE_INDEXES.byDate.name, name: 'date', value: day })) {
      rows.set(String(row['id']), row);
    }
    return rows;
  }

  async *#query({ index, name, value }: Asked): AsyncGenerator<Row> {
    const pages = paginateQuery(
      { client: this.#dynamo },
      {
        TableName: this.#name,
        IndexName: index,
        KeyConditionExpression: '#name = :value',
        ExpressionAttributeNames: { '#name': name },
        ExpressionAttributeValues: { ':value': value },
      },
    )[Symbol.asyncIterator]();
    for (;;) {
      const page = await call(`Query ${this.#name} ${value}`, () => pages.next());
      if (page.done === true) return;
      yield* page.value.Items ?? [];
      heartbeat({ querying: value });
    }
  }

  async #read(ids: readonly string[]): Promise<Map<string, Row>> {
    const rows = new Map<string, Row>();
    for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
      let keys: Row[] = ids.slice(at, at + READ_AT_ONCE).map((id) => ({ id }));
      while (keys.length > 0) {
        const RequestItems = { [this.#name]: { Keys: keys, ConsistentRead: true } };
        const answer = await call(`BatchGetItem ${this.#name}`, (options) =>
          this.#dynamo.send(new BatchGetCommand({ RequestItems }), options),
        );
        for (const row of answer.Responses?.[this.#name] ?? []) rows.set(String(row['id']), row);
        keys = answer.UnprocessedKeys?.[this.#name]?.Keys ?? [];
        if (keys.length > 0) await sleep(UNREAD_PAUSE_MS);
      }
    }
    return rows;
  }
}

function same(wanted: KpiItem | undefined, there: Row | undefined): boolean {
  if (wanted === undefined || there === undefined) return wanted === there;
  return COMPARED.every((name) => canonicalJson(wanted[name]) === canonicalJson(there[name]));
}
