/**
 * The KPI table as it ought to be. Whoever creates it reads this, and each run holds the table against it before anything
 * else. The Glue scripts have the names that they use themselves (`glue-scripts/music_streaming/table.py`).
 */

/** Attribute names; all keys are strings. */
export interface TableKeys {
  readonly partition: string;
  readonly sort?: string;
}

export const TABLE_KEYS: TableKeys = { partition: 'id' };

export const TABLE_INDEXES = {
  byMetric: { name: 'metric_type-date-index', keys: { partition: 'metric_type', sort: 'date' } },
  byDate: { name: 'date-metric_type-index', keys: { partition: 'date', sort: 'metric_type' } },
} as const satisfies Record<string, { readonly name: string; readonly keys: TableKeys }>;

export const TABLE = {
  /** A load is a burst once a day. */
  billing: 'PAY_PER_REQUEST',
  /** The attribute by which items expire, in epoch seconds. */
  expiry: 'expires_at',
  /** A way back from a load that went wrong. */
  pointInTimeRecovery: true,
  /** Loading all days anew takes long, and nobody sees KPIs meanwhile. */
  deletionProtection: true,
  /** Which attributes the indexes hold: items are small, and readers of a day or a metric want whole ones. */
  projection: 'ALL',
} as const;

/** What DynamoDB tells of a table or of one of its indexes. */
export interface SeenTable {
  readonly status: string;
  readonly keys: TableKeys;
  /** Types of the attributes that keys are made of, as DynamoDB names them: `S`, `N`, `B`. */
  readonly types: Readonly<Record<string, string>>;
  readonly indexes: readonly SeenIndex[];
}

export interface SeenIndex {
  readonly name: string;
  readonly status: string;
  readonly keys: TableKeys;
  /** Which attributes it holds: `ALL`, or fewer. */
  readonly projection: string;
}

/** States in which a table or an index answers. One that is created, deleted, archived or locked does not. */
const WORKING = ['ACTIVE', 'UPDATING'];

/** What is wrong with a table; nothing of one that is as it ought to be. */
export function tableProblems(table: SeenTable): string[] {
  return [
    ...(WORKING.includes(table.status) ? [] : [`the table is ${table.status}`]),
    ...keyProblems('its key', table.keys, TABLE_KEYS, table.types),
    ...Object.values(TABLE_INDEXES).flatMap(({ name, keys }) => indexProblems(table, name, keys)),
  ];
}

function indexProblems({ indexes, types }: SeenTable, name: string, wanted: TableKeys): string[] {
  const index = indexes.find((each) => each.name === name);
  if (index === undefined) return [`it has no index ${name} (${words(wanted)})`];
  return [
    ...(WORKING.includes(index.status) ? [] : [`index ${name} is ${index.status}`]),
    ...keyProblems(`the key of index ${name}`, index.keys, wanted, types),
    ...(index.projection === TABLE.projection
      ? []
      : [`index ${name} holds ${index.projection}, not ${TABLE.projection} attributes`]),
  ];
}

function keyProblems(
  what: string,
  seen: TableKeys,
  wanted: TableKeys,
  types: Readonly<Record<string, string>>,
): string[] {
  if (words(seen) !== words(wanted)) return [`${what} is ${words(seen)}, not ${words(wanted)}`];
  return namesOf(wanted).flatMap((name) =>
    types[name] === 'S' ? [] : [`${what} has ${name} as ${types[name] ?? 'no type'}, not S`],
  );
}

function namesOf({ partition, sort }: TableKeys): string[] {
  return sort === undefined ? [partition] : [partition, sort];
}

const words = (keys: TableKeys): string => namesOf(keys).join(' and ');

/** The attributes that keys are made of, each once. */
export function keyAttributes(): string[] {
  const all = [TABLE_KEYS, ...Object.values(TABLE_INDEXES).map(({ keys }) => keys)];
  return [...new Set(all.flatMap(namesOf))];
}
