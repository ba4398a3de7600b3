/** The published KPIs, read from DynamoDB by day. */
import { z } from 'zod';
import type { TableKeys } from '../pipeline/declared/table.ts';
import { kpiItemSchema, METRIC_TYPES, type KpiItem, type MetricType } from '../pipeline/kpi-items.ts';
import type { Table } from '../systems/dynamodb/table.ts';
import { expected } from './answers.ts';
import { ClientError } from './errors.ts';

/** An item as it is in the table. */
export const publishedKpiSchema = kpiItemSchema.extend({
  edition: z.number().int(),
  timestamp: z.string(),
  /** Epoch seconds after which DynamoDB deletes the item. */
  expires_at: z.number(),
});
/** An item of the table: one KPI of one day. */
export type PublishedKpi = z.infer<typeof publishedKpiSchema>;

/** Which items of a day are asked for. */
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
/** The table as DynamoDB describes it; its count of items is some hours old. */
export type TableView = z.infer<typeof tableSchema>;

/**
 * Reads the published KPIs.
 *
 * @example
 * ```ts
 * for (const item of await pipeline.kpis.query({ date: '2024-06-25', metric: 'top_song' })) {
 *   console.log(item.id, item);
 * }
 * ```
 */
export class Kpis {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** The items of a day, ordered by metric and dimensions; none when nothing is published. */
  async query({ date, metric, dimensions = {} }: KpiQuestion): Promise<PublishedKpi[]> {
    const index = await this.#indexByDate();
    const items: PublishedKpi[] = [];
    const wanted = { date, ...(metric === undefined ? {} : { metric_type: metric }) };
    for await (const page of this.#table.query(index, wanted))
      items.push(...page.map((item) => this.#parse(item)));
    return items.filter((item) => hasDimensions(item, dimensions)).sort(byMetricAndDimensions);
  }

  /** The table's state, keys and indexes. */
  async describe(): Promise<TableView> {
    const { status, keys, indexes, items = 0, bytes, billing } = await this.#table.describe();
    return {
      ...{ name: this.#table.name, status, items, bytes, billing },
      keys: namesOf(keys),
      indexes: indexes.map((index) => ({
        name: index.name,
        status: index.status,
        keys: namesOf(index.keys),
      })),
    };
  }

  /** The index is found by its key, not by its name: names belong to whoever created the table. */
  async #indexByDate(): Promise<string> {
    const { indexes } = await this.#table.describe();
    const index = indexes.find(({ keys }) => namesOf(keys).join() === 'date,metric_type');
    if (index !== undefined) return index.name;
    throw new ClientError('NotFound', `Table ${this.#table.name} has no index by date and metric_type.`, {
      advice: 'Create a global secondary index with partition key date and sort key metric_type.',
    });
  }

  #parse(item: unknown): PublishedKpi {
    return expected(publishedKpiSchema, item, {
      what: `An item of table ${this.#table.name}`,
      advice: 'Something else writes into the table, or another version of the loader did.',
    });
  }
}

function namesOf({ partition, sort }: TableKeys): string[] {
  return sort === undefined ? [partition] : [partition, sort];
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
