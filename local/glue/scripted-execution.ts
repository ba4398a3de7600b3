/**
 * Plays a scripted outcome in place of a run: waits as long as it is told to, leaves in S3 what the script would have
 * left, and ends as told.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../stack/errors.ts';
import { effectiveArguments } from './arguments.ts';
import type { Execute, Outcome } from './execution.ts';
import type { ScriptedEnd } from './faults.ts';
import type { RunRecord } from './model.ts';
import type { Roles } from './role.ts';
import type { OpenObjectStore } from './s3.ts';

export interface ScriptedExecutionDependencies {
  readonly roles: Roles;
  readonly openObjectStore: OpenObjectStore;
}

/** Long enough for the few objects that a scripted run writes. */
const CREDENTIALS_SECONDS = 900;

export function scriptedExecutor(dependencies: ScriptedExecutionDependencies): (end: ScriptedEnd) => Execute {
  return (end) => (record, events) => {
    const stopping = new AbortController();
    // An expired run is one that never got to run.
    if (end.state !== 'EXPIRED') events.running();
    const ended = sleep(end.afterMs, undefined, { signal: stopping.signal }).then(
      () => finished(dependencies, end, record),
      (): Outcome => ({ state: 'STOPPED' }),
    );
    return {
      ended,
      stop() {
        stopping.abort();
      },
    };
  };
}

async function finished(
  dependencies: ScriptedExecutionDependencies,
  end: ScriptedEnd,
  record: RunRecord,
): Promise<Outcome> {
  try {
    await write(dependencies, end, record);
    return { state: end.state, errorMessage: errorMessageOf(end) };
  } catch (error) {
    const errorMessage = `The scripted outcome could not be written: ${messageOf(error)}`;
    return { state: 'ERROR', errorMessage };
  }
}

async function write(
  { roles, openObjectStore }: ScriptedExecutionDependencies,
  { writes }: ScriptedEnd,
  record: RunRecord,
): Promise<void> {
  if (writes.length === 0) return;
  const { run, job } = record;
  const session = { role: job.Role, sessionName: run.Id, forSeconds: CREDENTIALS_SECONDS };
  const store = openObjectStore(await roles.assume(session));
  const values = placeholders(record);
  try {
    for (const { uri, body } of writes) {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      await store.put(fill(uri, values, false), fill(text, values, typeof body !== 'string'));
    }
  } finally {
    store.close();
  }
}

/** In Glue's own form: `Error Category: X_ERROR; Failed Line Number: 42; text`. */
function errorMessageOf({ category, line, errorMessage }: ScriptedEnd): string | undefined {
  const parts = [
    category === undefined ? undefined : `Error Category: ${category}`,
    line === undefined ? undefined : `Failed Line Number: ${line}`,
    errorMessage,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join('; ');
}

function placeholders({ run, job }: RunRecord): ReadonlyMap<string, string> {
  const effective = Object.entries(effectiveArguments(job, run));
  return new Map([
    ['JOB_RUN_ID', run.Id],
    ['JOB_NAME', run.JobName],
    ...effective.map(([name, value]): [string, string] => [`args.${name.replace(/^--/, '')}`, value]),
  ]);
}

/** @throws TypeError for a placeholder that the run has no value for. */
function fill(text: string, values: ReadonlyMap<string, string>, insideJson: boolean): string {
  return text.replaceAll(/\$\{([\w.-]+)\}/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new TypeError(`there is no value for \${${name}}`);
    return insideJson ? JSON.stringify(value).slice(1, -1) : value;
  });
}
