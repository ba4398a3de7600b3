/**
 * The environment that a command runs in. Where a local stack runs, its operator's variables are added to those of the
 * process; what is set already wins, so one command can be pointed elsewhere. In production there is no such folder,
 * and the environment is what it is.
 */
import { join, resolve } from 'node:path';
import { StackError } from '../../local/stack/errors.ts';
import { StackFolder } from '../../local/stack/folder.ts';
import { checkoutFolder } from '../../local/stack/toolchain.ts';
import type { Environment } from '../../pipeline/settings.ts';
import { ClientError } from '../errors.ts';

/** Keys belong together: a foreign access key with the stack's secret would only be a puzzling refusal. */
const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/** The local stack's folder, whether there is one or not. */
export function localFolder(environment: Environment, given?: string): string {
  return resolve(given ?? environment['MSP_LOCAL_DIR'] ?? join(checkoutFolder(), '.local'));
}

/**
 * The environment with the local stack's variables, if a stack runs from the folder.
 * @throws ClientError when the stack's file can't be read
 */
export function withLocalStack(environment: Environment, folder: string): Environment {
  const operator = readOperator(folder);
  if (operator === undefined) return environment;
  const ownCredentials = CREDENTIALS.some((name) => environment[name] !== undefined);
  const added = Object.entries(operator).filter(
    ([name]) => environment[name] === undefined && !(ownCredentials && CREDENTIALS.includes(name)),
  );
  return { ...environment, ...Object.fromEntries(added) };
}

function readOperator(folder: string): Readonly<Record<string, string>> | undefined {
  try {
    return new StackFolder(folder).readEnvironment()?.operator;
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    throw new ClientError('WrongUse', error.message, { advice: error.advice, cause: error });
  }
}
