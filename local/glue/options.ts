/**
 * What the server is started with: flags, over a JSON file (`--config`), over defaults.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { z } from 'zod';
import { messageOf } from '../stack/errors.ts';
import { toolchainSchema } from './spark.ts';

/** Task threads of one run: what the scripts are measured with. */
const CORES_PER_RUN = 2;

const optionsSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  /** 0 takes any free port; the ready line names it. */
  port: z.coerce.number().int().min(0).max(65_535),
  /** Folder of jobs, runs and work files. */
  dir: z.string().min(1),
  region: z.string().min(1).default('eu-west-1'),
  account: z
    .string()
    .regex(/^\d{12}$/)
    .default('000000000000'),
  /** File of the access keys that requests may be signed with; signatures are not checked when not given. */
  credentials: z.string().min(1).optional(),
  /** Asks IAM whether the caller may do what it asks for; needs `credentials`. */
  authorise: z.boolean().default(false),
  allowFaults: z.boolean().default(false),
  /** Programs, or the name of a JSON file that has them. */
  toolchain: z.preprocess((given) => (typeof given === 'string' ? readJson(given) : given), toolchainSchema),
  /** Runs executed at once; by default one for every two processors. */
  slots: z.coerce
    .number()
    .int()
    .positive()
    .default(Math.max(1, Math.floor(availableParallelism() / CORES_PER_RUN))),
  coresPerRun: z.coerce.number().int().positive().default(CORES_PER_RUN),
  driverMemory: z
    .string()
    .regex(/^\d+[mg]$/)
    .default('2g'),
  /** Length of the minutes in which time limits are counted; shorter in tests. */
  minuteMs: z.coerce.number().int().positive().default(60_000),
  /** What a stopped run has to end by itself before it is killed: Spark's own shutdown takes one or two seconds. */
  stopGraceMs: z.coerce.number().int().nonnegative().default(5000),
  /** Between two batches of log lines: PutLogEvents allows five a second for a stream. */
  logFlushMs: z.coerce.number().int().positive().default(1000),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});
export type Options = z.output<typeof optionsSchema>;

/** The server was started wrongly; the message says what to correct. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

export function parseOptions(given: unknown): Options {
  const parsed = optionsSchema
    .refine((options) => !options.authorise || options.credentials !== undefined, {
      path: ['authorise'],
      message: 'needs credentials, since only a signature says who asks',
    })
    .safeParse(given);
  if (parsed.success) return parsed.data;
  throw new OptionsError(`The local Glue was started with wrong options:\n${z.prettifyError(parsed.error)}`);
}

/** Flags as they are on the command line: `--allow-faults --slots 2 --config local-glue.json`. */
export function optionsFromCommandLine(words: readonly string[]): Options {
  const names = Object.keys(optionsSchema.shape);
  const isSwitch = (name: string): boolean => name === 'allowFaults' || name === 'authorise';
  const flags = names.map((name) => [flagOf(name), { type: isSwitch(name) ? 'boolean' : 'string' }] as const);
  const { config, ...given } = flagsIn(words, { config: { type: 'string' }, ...Object.fromEntries(flags) });
  const fromFile =
    typeof config === 'string' ? z.record(z.string(), z.unknown()).parse(readJson(config)) : {};
  const fromFlags = names.flatMap((name) => (flagOf(name) in given ? [[name, given[flagOf(name)]]] : []));
  return parseOptions({ ...fromFile, ...Object.fromEntries(fromFlags) });
}

function flagsIn(
  words: readonly string[],
  options: NonNullable<ParseArgsConfig['options']>,
): Readonly<Record<string, unknown>> {
  try {
    return parseArgs({ args: [...words], options, strict: true }).values;
  } catch (error) {
    throw new OptionsError(messageOf(error), { cause: error });
  }
}

function flagOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new OptionsError(`${file} can't be read: ${messageOf(error)}`, { cause: error });
  }
}
