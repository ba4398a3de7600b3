/** Recorded histories: how they are kept, and what must not be in them. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';
import type { temporal } from '@temporalio/proto';

type IHistory = temporal.api.history.v1.IHistory;
const { History } = proto.temporal.api.history.v1;
export type History = temporal.api.history.v1.History;

const FOLDER = fileURLToPath(new URL('histories/', import.meta.url));
const SUFFIX = '.json';

export function recordedNames(): string[] {
  return readdirSync(FOLDER)
    .flatMap((file) => (file.endsWith(SUFFIX) ? [file.slice(0, -SUFFIX.length)] : []))
    .sort();
}

export function readHistory(name: string): History {
  return History.fromObject(JSON.parse(readFileSync(join(FOLDER, `${name}${SUFFIX}`), 'utf8')) as object);
}

/** @returns bytes written */
export function writeHistory(name: string, history: IHistory): number {
  const plain = History.toObject(History.fromObject(history), {
    enums: String,
    longs: String,
    bytes: String,
  });
  const events = (plain['events'] as unknown[]).map((event) => JSON.stringify(scrubbed(event)));
  // An event a line, so that a diff shows which ones have changed.
  const text = `{"events":[\n${events.join(',\n')}\n]}\n`;
  writeFileSync(join(FOLDER, `${name}${SUFFIX}`), text);
  return text.length;
}

export function removeHistory(name: string): void {
  rmSync(join(FOLDER, `${name}${SUFFIX}`));
}

/** Where the recording machine shows: workers and clients name their host, stack traces their folders. */
const SCRUBBED: Readonly<Record<string, string>> = { identity: 'recorder', stackTrace: '' };

/** Half of a history's size, and nothing that a replay looks at. */
const LEFT_OUT = new Set(['retryPolicy', 'taskId', 'workerVersion']);

function scrubbed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scrubbed);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    LEFT_OUT.has(name) ? [] : [[name, SCRUBBED[name] ?? scrubbed(inner)] as const],
  );
  const object: Record<string, unknown> = Object.fromEntries(fields);
  // A worker's own queue is named for its host.
  return object['kind'] === 'TASK_QUEUE_KIND_STICKY' ? { ...object, name: 'sticky' } : object;
}
