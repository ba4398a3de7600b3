/**
 * The environment that a command runs in. Where a local stack runs, the command is meant for it, whatever account and
 * server the shell is otherwise set up for: the stack's endpoints with the shell's keys or profile, or the other way
 * round, would be a puzzling refusal at best. So would be the shell's account for a named stack that does not run: only
 * the checkout's own may be absent. `MSP_LOCAL_DIR=` (empty) looks for no stack. In production there is none, and the
 * environment is what it is.
 */
import { join, resolve } from 'node:path';
import { StackError } from '../local/stack/errors.ts';
import { StackFolder } from '../local/stack/folder.ts';
import { checkoutFolder } from '../local/stack/toolchain.ts';
import type { Environment } from '../pipeline/settings.ts';
import { ClientError } from '../client/errors.ts';

/** How the AWS SDKs and Temporal's are configured. The pipeline's own settings can be given for one command. */
const OF_THE_ACCOUNT = /^(AWS|TEMPORAL)_/;

/** The local stack's folder, whether there is one or not. */
export function localFolder(environment: Environment, given?: string): string {
  const named = given ?? environment['MSP_LOCAL_DIR'] ?? '';
  return named === '' ? join(checkoutFolder(), '.local') : resolve(named);
}

/**
 * The environment with the local stack's variables, if a stack runs from the folder.
 * @throws ClientError when the stack's file can't be read, or no stack runs from the folder that MSP_LOCAL_DIR names
 */
export function withLocalStack(environment: Environment): Environment {
  const named = environment['MSP_LOCAL_DIR'];
  if (named === '') return environment;
  const folder = localFolder(environment);
  const operator = readOperator(folder);
  if (operator === undefined) {
    if (named === undefined) return environment;
    throw new ClientError('WrongUse', `No stack runs from ${folder} (MSP_LOCAL_DIR).`, {
      advice: `Start it with msp local up --dir ${folder}, or unset MSP_LOCAL_DIR.`,
    });
  }
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
