/**
 * Plays a scripted outcome in place of a run: waits as long as it is told to, leaves in S3 what the script would have
 * left, and ends as told.
 */
import { effectiveArguments } from './arguments.ts';
import { messageOf } from './errors.ts';
import type { Execute, Execution, ExecutionEvents, Outcome } from './execution.ts';
import type { ScriptedEnd } from './faults.ts';
import type { RunRecord } from './model.ts';
import type { Roles } from './role.ts';
import { parseS3Uri, type OpenObjectStore } from './s3.ts';

export interface ScriptedExecutionDependencies {
  readonly roles: Roles;
  readonly openObjectStore: OpenObjectStore;
}

/** Long enough for the few objects that a scripted run writes. */
const CREDENTIALS_SECONDS = 900;

export function scriptedExecutor(dependencies: ScriptedExecutionDependencies): (end: ScriptedEnd) => Execute {
  return (end) => (record, events) => new ScriptedExecution(dependencies, end, record, events);
}

class ScriptedExecution implements Execution {
  readonly ended: Promise<Outcome>;
  readonly #dependencies: ScriptedExecutionDependencies;
  readonly #end: ScriptedEnd;
  readonly #record: RunRecord;
  #interrupt: () => void = () => undefined;

  constructor(
    dependencies: ScriptedExecutionDependencies,
    end: ScriptedEnd,
    record: RunRecord,
    events: ExecutionEvents,
  ) {
    this.#dependencies = dependencies;
    this.#end = end;
    this.#record = record;
    this.ended = new Promise<Outcome>((resolve) => {
      const timer = setTimeout(() => {
        resolve(this.#finish());
      }, end.afterMs);
      this.#interrupt = () => {
        clearTimeout(timer);
        resolve({ state: 'STOPPED' });
      };
    });
    // An expired run is one that never got to run.
    if (end.state !== 'EXPIRED') events.running();
  }

  stop(): void {
    this.#interrupt();
  }

  async #finish(): Promise<Outcome> {
    try {
      await this.#write();
    } catch (error) {
      return {
        state: 'ERROR',
        errorMessage: `The scripted outcome could not be written: ${messageOf(error)}`,
      };
    }
    return { state: this.#end.state, errorMessage: errorMessageOf(this.#end) };
  }

  async #write(): Promise<void> {
    const { run, job } = this.#record;
    const { writes } = this.#end;
    if (writes.length === 0) return;
    const session = { role: job.Role, sessionName: run.Id, forSeconds: CREDENTIALS_SECONDS };
    const store = this.#dependencies.openObjectStore(await this.#dependencies.roles.assume(session));
    const values = placeholders(this.#record);
    try {
      for (const { uri, body } of writes) {
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        const isJson = typeof body !== 'string';
        await store.put(parseS3Uri(fill(uri, values, false)), fill(text, values, isJson));
      }
    } finally {
      store.close();
    }
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
