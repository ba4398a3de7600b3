/**
 * Faults on request, for tests: what a run's outcome or an API call's answer is to be instead of the real one. A server
 * takes them only when it was started to allow them. They live in memory, so a restart forgets them.
 */
import { z } from 'zod';
import { GLUE_ERROR_CODES } from './errors.ts';
import { ENDED_STATES, type GlueArguments } from './model.ts';
import { scriptHookSchema } from './script-hooks.ts';

const milliseconds = z.int().nonnegative();

/** Which of the matching runs or calls a fault applies to: not the first `skip`, then `times` of them, or all. */
const count = { skip: z.int().nonnegative().default(0), times: z.int().positive().optional() };

/** Text in which `*` stands for anything. */
const pattern = z.string().min(1);

/**
 * An object that a scripted run writes to S3 with its job's role. In all texts `${JOB_RUN_ID}`, `${JOB_NAME}` and
 * `${args.NAME}` (the argument `--NAME`) are replaced.
 */
const scriptedWriteSchema = z.object({
  uri: z.string().min(1),
  /** Text as it is; anything else as JSON. */
  body: z.json(),
});

const scriptedEndSchema = z.object({
  state: z.enum(ENDED_STATES),
  /** How long the run is RUNNING before. */
  afterMs: milliseconds.default(0),
  errorMessage: z.string().optional(),
  /** One of Glue's error categories, for instance OUT_OF_MEMORY_ERROR; put before the message as Glue does. */
  category: z
    .string()
    .regex(
      /^[A-Z_]+_ERROR$/,
      'expected an error category as Glue names them, in capitals and ending in _ERROR',
    )
    .optional(),
  /** Line of the script that Glue would name after the category. */
  line: z.int().positive().optional(),
  writes: z.array(scriptedWriteSchema).default([]),
});
export type ScriptedEnd = z.infer<typeof scriptedEndSchema>;

const runFaultSchema = z.strictObject({
  kind: z.literal('run'),
  ...count,
  job: pattern.default('*'),
  /** Patterns that the run's effective arguments must match. */
  arguments: z.record(z.string(), pattern).default({}),
  /** Kept WAITING, STARTING or STOPPING for at least so long. */
  waitingMs: milliseconds.optional(),
  startingMs: milliseconds.optional(),
  stoppingMs: milliseconds.optional(),
  /** Ends so without running the script. */
  end: scriptedEndSchema.optional(),
  /** The script runs, and fails at this line. */
  failAt: scriptHookSchema.optional(),
});
export type RunFault = z.infer<typeof runFaultSchema>;

const apiFaultSchema = z.strictObject({
  kind: z.literal('api'),
  ...count,
  operation: pattern,
  job: pattern.default('*'),
  /** Answers this error; the call has no effect. */
  error: z.object({ code: z.enum(GLUE_ERROR_CODES), message: z.string().optional() }).optional(),
  /** Breaks the connection instead of answering, before or after the call had its effect. */
  lose: z.enum(['before', 'after']).optional(),
  /** Holds the answer back, after the effect. */
  delayMs: milliseconds.optional(),
});
export type ApiFault = z.infer<typeof apiFaultSchema>;

const faultSchema = z.discriminatedUnion('kind', [
  runFaultSchema.refine(
    (fault) => fault.end === undefined || fault.failAt === undefined,
    'give end or failAt, not both',
  ),
  apiFaultSchema.refine(
    (fault) => fault.error === undefined || fault.lose === undefined,
    'give error or lose, not both',
  ),
]);
export const faultsRequestSchema = z.strictObject({ faults: z.array(faultSchema).min(1) });
export type Fault = z.infer<typeof faultSchema>;

export interface ActiveFault {
  readonly id: string;
  readonly fault: Fault;
  /** Runs or calls that matched, and those that the fault was applied to. */
  readonly matched: number;
  readonly applied: number;
}

export class Faults {
  readonly #active = new Map<string, ActiveFault>();
  #last = 0;

  /** Adds faults behind those that are there; where several match, the earliest that applies wins. */
  add(faults: readonly Fault[]): string[] {
    return faults.map((fault) => {
      this.#last += 1;
      const id = `fault-${this.#last}`;
      this.#active.set(id, { id, fault, matched: 0, applied: 0 });
      return id;
    });
  }

  list(): ActiveFault[] {
    return [...this.#active.values()];
  }

  /** Removes one fault, or all; what has begun with them goes on. */
  remove(id?: string): boolean {
    if (id !== undefined) return this.#active.delete(id);
    this.#active.clear();
    return true;
  }

  /** The fault that applies to a run that is being started; counts it. */
  forRun(jobName: string, effective: GlueArguments): RunFault | undefined {
    return this.#take((fault): fault is RunFault => {
      if (fault.kind !== 'run' || !matches(fault.job, jobName)) return false;
      return Object.entries(fault.arguments).every(([name, wanted]) => {
        const value = effective[name];
        return value !== undefined && matches(wanted, value);
      });
    });
  }

  /** The fault that applies to a call that has just come in; counts it. */
  forCall(operation: string, jobName: string | undefined): ApiFault | undefined {
    return this.#take((fault): fault is ApiFault => {
      if (fault.kind !== 'api' || !matches(fault.operation, operation)) return false;
      return matches(fault.job, jobName ?? '');
    });
  }

  #take<F extends Fault>(isMatch: (fault: Fault) => fault is F): F | undefined {
    for (const active of this.#active.values()) {
      const { id, fault, matched, applied } = active;
      if (!isMatch(fault)) continue;
      const applies = matched >= fault.skip && applied < (fault.times ?? Infinity);
      this.#active.set(id, { ...active, matched: matched + 1, applied: applied + (applies ? 1 : 0) });
      if (applies) return fault;
    }
    return undefined;
  }
}

function matches(wanted: string, value: string): boolean {
  const parts = wanted.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(value);
}
