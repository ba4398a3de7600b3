/**
 * Comparing the table with published items. The index by date tells what the table has of a day, but may lag behind it
 * or show what is deleted already; whatever differs is therefore read again from the table itself. Reads only.
 */
import { heartbeat } from '@temporalio/activity';
import { canonicalJson } from '../../pipeline/canonical-json.ts';
import { TABLE_INDEXES } from '../../pipeline/declared/table.ts';
import { daySchema } from '../../pipeline/documents.ts';
import type { KpiItem } from '../../pipeline/kpi-items.ts';
import type { TableDifference } from '../../pipeline/recovery/evidence.ts';
import type { Row, Table } from '../../systems/dynamodb/table.ts';

/** Every day that is loaded has an item of this metric. */
const METRIC_OF_EVERY_DAY = 'daily_listen_count';

/** Ids named of a difference. */
const EXAMPLES = 5;

/** What makes an item the same; the rest says when and for how long. */
const COMPARED = ['metric_type', 'date', 'value', 'dimensions', 'metadata'] as const;

export class KpiTable {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** Days that the table has items of. */
  async days(): Promise<string[]> {
    const days = new Set<string>();
    for await (const { date } of this.#query(TABLE_INDEXES.byMetric, METRIC_OF_EVERY_DAY)) {
      const day = daySchema.safeParse(date);
      if (day.success) days.add(day.data);
    }
    return [...days];
  }

  async compare(day: string, published: readonly KpiItem[]): Promise<TableDifference> {
    const wanted = new Map(published.map((item) => [item.id, item]));
    const listed = new Map<string, Row>();
    for await (const row of this.#query(TABLE_INDEXES.byDate, day)) listed.set(String(row['id']), row);
    const doubtful = [...new Set([...wanted.keys(), ...listed.keys()])]
      .filter((id) => !same(wanted.get(id), listed.get(id)))
      .sort();
    const there = await this.#table.read(doubtful);
    const differing = doubtful.filter((id) => !same(wanted.get(id), there.get(id)));
    return {
      missing: differing.filter((id) => !there.has(id)).length,
      changed: differing.filter((id) => there.has(id) && wanted.has(id)).length,
      surplus: differing.filter((id) => !wanted.has(id)).length,
      examples: differing.slice(0, EXAMPLES),
    };
  }

  async *#query(
    { name, keys }: (typeof TABLE_INDEXES)[keyof typeof TABLE_INDEXES],
    value: string,
  ): AsyncGenerator<Row> {
    for await (const page of this.#table.query(name, { [keys.partition]: value })) {
      yield* page;
      heartbeat({ querying: value });
    }
  }
}

function same(wanted: KpiItem | undefined, there: Row | undefined): boolean {
  if (wanted === undefined || there === undefined) return wanted === there;
  return COMPARED.every((name) => canonicalJson(wanted[name]) === canonicalJson(there[name]));
}
