/**
 * The environment that a command runs in. Where there is a local stack, its operator's variables are added to those of
 * the process; what is set already wins, so one command can be pointed elsewhere. In production there is no such
 * folder, and the environment is what it is.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Environment } from '../../pipeline/settings.ts';
import { ClientError } from '../errors.ts';

const environmentFileSchema = z.object({ operator: z.record(z.string(), z.string()) });

/** Keys belong together: a foreign access key with the stack's secret would only be a puzzling refusal. */
const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** The folder of the checkout: the nearest one above this file that has a package.json. */
export function checkoutFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** The local stack's folder, whether it exists or not. */
export function localFolder(environment: Environment, given?: string): string {
  return resolve(given ?? environment['MSP_LOCAL_DIR'] ?? join(checkoutFolder(), '.local'));
}

/**
 * The environment with the local stack's variables, if there is a stack.
 * @throws ClientError when the stack's file can't be read
 */
export function withLocalStack(environment: Environment, folder: string): Environment {
  const file = join(folder, 'environment.json');
  if (!existsSync(file)) return environment;
  const operator = readOperator(file);
  const ownCredentials = CREDENTIALS.some((name) => environment[name] !== undefined);
  const added = Object.entries(operator).filter(
    ([name]) => environment[name] === undefined && !(ownCredentials && CREDENTIALS.includes(name)),
  );
  return { ...environment, ...Object.fromEntries(added) };
}

function readOperator(file: string): Record<string, string> {
  try {
    return environmentFileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).operator;
  } catch (error) {
    throw new ClientError('WrongUse', `${file} can't be read as the environment of a local stack.`, {
      advice: 'Start the stack anew with msp local up, or remove its folder.',
      cause: error,
    });
  }
}
