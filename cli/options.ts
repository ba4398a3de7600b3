/** Options and arguments that several commands have. */
import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { decimal } from '../pipeline/settings.ts';
import { OUTPUT_FORMATS, type OutputFormat } from './output.ts';

export const outputSchema = z.enum(OUTPUT_FORMATS);

/** `-o table|json` or, for rows, also csv. */
export function outputOption(formats: readonly OutputFormat[] = ['table', 'json']): Option {
  return new Option('-o, --output <format>', 'table for people, others for programs')
    .choices(formats)
    .default('table');
}

/** Said once in each command's help. */
export const RUN = 'workflow id, id of the run in the bucket, or "latest"';

/** What is typed for a whole number. */
export const integerSchema = decimal.pipe(z.number().int());

export const limitSchema = decimal.pipe(z.number().int().positive());

/** The number that is typed, or the text that is none, so that it can be shown as it was given. */
export function numberOrText(text: string): number | string {
  return decimal.safeParse(text).data ?? text;
}

/** Repeatable options collect their values. */
export function collect(value: string, previous: readonly string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** `k=v` pairs as an object. */
export const pairsSchema = z
  .array(z.string().regex(/^[^=]+=.+$/s, 'expected name=value'))
  .transform((pairs) =>
    Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    ),
  );

/** Examples below a command's help. */
export function examples(command: Command, lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}

/** What is typed for a key under `streams/`. */
export const streamKeySchema = z
  .string()
  .refine((key) => !['', 'streams/'].includes(key), 'expected a key')
  .transform(streamKey);

/** A key under `streams/`, which need not be said. */
export function streamKey(key: string): string {
  return key.startsWith('streams/') ? key : `streams/${key}`;
}

/** The name that the operating system knows, or none in a container without users. */
export function whoAmI(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
