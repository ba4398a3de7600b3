/** Options and arguments that several commands have. */
import { userInfo } from 'node:os';
import { z } from 'zod';
import { overridesSchema } from '../pipeline/request.ts';
import { decimal } from '../pipeline/settings.ts';
import { argument, flag, needed, option, type DeclaredOption } from './command.ts';
import { OUTPUT_FORMATS, type OutputFormat } from './output.ts';

/** `-o table|json` or, for rows, also csv. */
function output(formats: readonly OutputFormat[]): DeclaredOption<z.ZodEnum<{ [F in OutputFormat]: F }>> {
  return option(
    '-o, --output <format>',
    'table for people, others for programs',
    z.enum(OUTPUT_FORMATS),
    (each) => each.choices(formats).default('table'),
  );
}
export const OUTPUT = output(['table', 'json']);
export const ROWS_OUTPUT = output(OUTPUT_FORMATS);

/** Said once in each command's help. */
export const RUN = 'workflow id, id of the run in the bucket, or "latest"';
export const runArgument = argument('<run>', RUN, z.string());
export const latestRunArgument = argument('[run]', RUN, z.string(), 'latest');

/** What is typed for a whole number. */
export const integerSchema = decimal.pipe(z.number().int());
const limitSchema = decimal.pipe(z.number().int().positive());

export function limit(about: string, unlessGiven: string): DeclaredOption<typeof limitSchema> {
  return option('--limit <n>', about, limitSchema, (each) => each.default(unlessGiven));
}
export function limitIfGiven(about: string): DeclaredOption<z.ZodOptional<typeof limitSchema>> {
  return option('--limit <n>', about, limitSchema.optional());
}

export function reason(about: string): DeclaredOption<z.ZodString> {
  return needed('--reason <text>', about, z.string().min(1));
}
export function by(about: string): DeclaredOption<z.ZodDefault<z.ZodString>> {
  return option('--by <name>', `${about}; you, when not given`, z.string().min(1).default(whoAmI));
}
export const YES = flag('-y, --yes', 'do not ask');

/** What every command that starts a procedure takes. */
export const PROCEDURE_OPTIONS = {
  reason: reason('why; stands in the history and in the report'),
  by: by('who asks'),
  dryRun: flag('--dry-run', 'only show the plan'),
  yes: flag('-y, --yes', 'approve the plan without asking'),
};

/** The number that is typed, or the text that is none, so that it can be shown as it was given. */
function numberOrText(text: string): number | string {
  return decimal.safeParse(text).data ?? text;
}
const { workerType, numberOfWorkers, timeoutMinutes } = overridesSchema.shape;
/** Changes to the Glue runs of a run. */
export const OVERRIDES = {
  workerType: option('--worker-type <type>', 'Glue worker type, as in G.2X', workerType),
  numberOfWorkers: option(
    '--number-of-workers <n>',
    'Glue workers, the driver included',
    numberOfWorkers,
    (each) => each.argParser(numberOrText),
  ),
  timeoutMinutes: option('--timeout-minutes <n>', 'time limit of the Glue run', timeoutMinutes, (each) =>
    each.argParser(numberOrText),
  ),
};

/** `k=v` pairs as an object. */
export const pairsSchema = z
  .array(z.string().regex(/^[^=]+=.+$/s, 'expected name=value'))
  .transform((pairs) =>
    Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
  );

/** What is typed for a key under `streams/`. */
export const streamKeySchema = z
  .string()
  .refine((key) => !['', 'streams/'].includes(key), 'expected a key')
  .transform(streamKey);

/** A key under `streams/`, which need not be said. */
function streamKey(key: string): string {
  return key.startsWith('streams/') ? key : `streams/${key}`;
}

/** The name that the operating system knows, or none in a container without users. */
function whoAmI(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
