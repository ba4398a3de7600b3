/**
 * The environment that a command runs in. Where a local stack runs, the command is meant for it, whatever account and
 * server the shell is otherwise set up for: the stack's endpoints with the shell's keys or profile, or the other way
 * round, would be a puzzling refusal at best. `MSP_LOCAL_DIR=` (empty) looks for no stack. In production there is none,
 * and the environment is what it is.
 */
import { join, resolve } from 'node:path';
import { StackError } from '../../local/stack/errors.ts';
import { StackFolder } from '../../local/stack/folder.ts';
import { checkoutFolder } from '../../local/stack/toolchain.ts';
import type { Environment } from '../../pipeline/settings.ts';
import { ClientError } from '../errors.ts';

/** How the AWS SDKs and Temporal's are configured. The pipeline's own settings can be given for one command. */
const OF_THE_ACCOUNT = /^(AWS|TEMPORAL)_/;

/** The local stack's folder, whether there is one or not. */
export function localFolder(environment: Environment, given?: string): string {
  const named = given ?? environment['MSP_LOCAL_DIR'] ?? '';
  return named === '' ? join(checkoutFolder(), '.local') : resolve(named);
}

/**
 * The environment with the local stack's variables, if a stack runs from the folder.
 * @throws ClientError when the stack's file can't be read
 */
export function withLocalStack(environment: Environment, folder: string): Environment {
  const operator = environment['MSP_LOCAL_DIR'] === '' ? undefined : readOperator(folder);
  if (operator === undefined) return environment;
  const kept = Object.entries(environment).filter(([name]) => !OF_THE_ACCOUNT.test(name));
  return { ...operator, ...Object.fromEntries(kept) };
}

function readOperator(folder: string): Readonly<Record<string, string>> | undefined {
  try {
    return new StackFolder(folder).readEnvironment()?.operator;
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    throw new ClientError('WrongUse', error.message, { advice: error.advice, cause: error });
  }
}
