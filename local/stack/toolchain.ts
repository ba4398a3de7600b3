/** The programs that set-up has installed, and the checkout that they belong to. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { givenIn, type Environment } from '../../pipeline/settings.ts';
import { toolchainSchema } from '../glue/spark.ts';
import { messageOf, StackError } from './errors.ts';

const stackToolchainSchema = toolchainSchema.extend({
  javaHome: z.string(),
  temporal: z.string(),
  ministack: z.string(),
});

export interface Toolchain extends z.infer<typeof stackToolchainSchema> {
  /** The file itself, which local Glue reads too. */
  readonly file: string;
}

const SET_UP = 'Run npm run setup.';

/** The nearest folder above this file with a package.json, from the sources as well as from `dist/`. */
export function checkoutFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** A built program of the checkout. @throws StackError when it is not built */
export function builtProgram(path: string): string {
  const file = join(checkoutFolder(), 'dist', path);
  if (existsSync(file)) return file;
  throw new StackError(`${file} is missing: the project is not built.`, SET_UP);
}

/** @throws StackError when set-up has not run */
export function readToolchain(environment: Environment): Toolchain {
  const folder = givenIn(environment, 'MSP_SETUP_DIR') ?? join(checkoutFolder(), '.setup');
  const file = join(resolve(folder), 'toolchain.json');
  if (!existsSync(file)) throw new StackError(`${file} is missing: the tools are not set up.`, SET_UP);
  const parsed = stackToolchainSchema.safeParse(readJson(file));
  if (parsed.success) return { file, ...parsed.data };
  throw new StackError(`${file} is not complete: ${z.prettifyError(parsed.error)}`, SET_UP);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new StackError(`${file} can't be read: ${messageOf(error)}`, SET_UP, { cause: error });
  }
}
