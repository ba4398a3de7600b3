/** `msp local`: the local stack that stands in for AWS and a Temporal service on one machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { onInterruption } from '../../local/stack/interruption.ts';
import { StackError } from '../../local/stack/errors.ts';
import { DEFAULT_PORT_BASE } from '../../local/stack/ports.ts';
import { startStack, type StartOptions } from '../../local/stack/start.ts';
import { stackStatus } from '../../local/stack/status.ts';
import { stopStack } from '../../local/stack/stop.ts';
import { SettingsError } from '../../pipeline/settings.ts';
import { ClientError } from '../../client/errors.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { addCommand, flag, option } from '../command.ts';
import type { CliContext } from '../context.ts';
import { localFolder } from '../environment.ts';
import { EXIT_CODES } from '../errors.ts';
import { integerSchema, OUTPUT } from '../options.ts';
import { showStack } from '../stack-text.ts';

export function addLocalCommands(program: Command, context: CliContext): void {
  const local = program
    .command('local')
    .summary('the local stack')
    .description(
      'A Temporal server with its UI, S3, DynamoDB, IAM and logs, a local Glue that runs the jobs with Spark, and a ' +
        'worker, on 127.0.0.1. All other commands find it by its folder.',
    );
  addUp(local, context);
  addDown(local, context);
  addStatus(local, context);
}

const DIR = option(
  '--dir <folder>',
  "the stack's folder (MSP_LOCAL_DIR, or .local in the checkout)",
  z.string().optional(),
);

function addUp(local: Command, context: CliContext): void {
  const declared = {
    summary: 'start it',
    description:
      'Starts the stack and stays until Ctrl-C or the end of its terminal, which stops it; with --detach it goes on ' +
      'by itself.',
    options: {
      detach: flag('-d, --detach', 'leave it running'),
      dir: DIR,
      portBase: option(
        '--port-base <n>',
        `first of its six ports (${DEFAULT_PORT_BASE})`,
        integerSchema.optional(),
      ),
      output: OUTPUT,
    },
    examples: [
      'msp local up',
      'msp local up --detach',
      'msp local up --detach --dir /tmp/second --port-base 8300',
    ],
  };
  addCommand(local, 'up', declared, async ({ dir: folder, portBase, detach, output }) => {
    const dir = localFolder(context.processEnvironment, folder);
    const { signal, forget } = interruptions();
    try {
      const started = await start(context, withoutUndefined({ portBase, signal }), dir);
      showStack(context.out, await stackStatus(dir), output);
      if (detach || started.wasRunning) return;
      context.out.note('\nCtrl-C stops it.');
      await untilInterrupted(context, dir, signal);
      context.out.note('stopping…');
      await explained(() => stopStack(dir));
      context.out.note('stopped; its data stays for the next start');
    } finally {
      forget();
    }
  });
}

async function start(
  context: CliContext,
  options: Pick<StartOptions, 'portBase' | 'signal'>,
  dir: string,
): Promise<{ wasRunning: boolean }> {
  const environment = context.processEnvironment;
  const { wasRunning, ignored } = await explained(() =>
    startStack({ dir, environment, ...options }, ({ what, state, seconds }) => {
      if (state === 'ready')
        context.out.note(`${context.out.colors.green('✓')} ${what}  ${seconds.toFixed(1)} s`);
    }),
  );
  if (wasRunning) context.out.note('it runs already');
  if (ignored.length > 0) {
    const kept = 'it keeps the settings that it was started with, without';
    context.out.note(`${kept} ${ignored.join(', ')}: stop it first to change that`);
  }
  return { wasRunning };
}

function addDown(local: Command, context: CliContext): void {
  const declared = {
    summary: 'stop it',
    description: 'Stops the stack. Its data stays in its folder, and a next start has it again.',
    options: { dir: DIR, output: OUTPUT },
    examples: ['msp local down', 'msp local down --dir /tmp/second'],
  };
  addCommand(local, 'down', declared, async ({ dir: folder, output }) => {
    const dir = localFolder(context.processEnvironment, folder);
    const stopped = await explained(() => stopStack(dir));
    if (output === 'json')
      context.out.json(z.object({ dir: z.string(), stopped: z.boolean() }), { dir, stopped });
    else context.out.line(stopped ? `stopped; its data stays in ${dir}` : `no stack runs from ${dir}`);
  });
}

function addStatus(local: Command, context: CliContext): void {
  const declared = {
    summary: 'what runs and where it answers',
    description:
      'Parts of the stack and every endpoint. Ends with 0 when all parts answer, 1 when one does not, 3 without a stack.',
    options: { dir: DIR, output: OUTPUT },
    examples: ['msp local status', 'msp local status -o json'],
  };
  addCommand(local, 'status', declared, async ({ dir: folder, output }) => {
    const status = await explained(() => stackStatus(localFolder(context.processEnvironment, folder)));
    showStack(context.out, status, output);
    if (status.state === 'impaired') context.exitCode = EXIT_CODES.Failed;
    if (status.state === 'stopped') context.exitCode = EXIT_CODES.NotFound;
  });
}

/** Turns the first interruption into an abort; while the stack stops, further ones are left alone. */
function interruptions(): { signal: AbortSignal; forget: () => void } {
  const controller = new AbortController();
  const forget = onInterruption(() => {
    controller.abort(new ClientError('Failed', 'The start was given up; what had been started is stopped.'));
  });
  return { signal: controller.signal, forget };
}

/** Soon enough to tell that a part has died, seldom enough to cost nothing. */
const LOOK_INTERVAL_MS = 5000;

/** Says it when a part dies or comes back meanwhile. */
async function untilInterrupted({ out }: CliContext, dir: string, signal: AbortSignal): Promise<void> {
  const known = new Map<string, string>();
  for (;;) {
    if (await isInterruptedWithin(LOOK_INTERVAL_MS, signal)) return;
    const { state, parts } = await stackStatus(dir);
    for (const { name, title, state: now, problem } of parts) {
      if (now !== (known.get(name) ?? 'ready'))
        out.note(`${title}: ${now}${problem === undefined ? '' : `, ${problem}`}`);
      known.set(name, now);
    }
    if (state === 'stopped') {
      out.note('it was stopped from elsewhere');
      return;
    }
  }
}

async function isInterruptedWithin(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(milliseconds, undefined, { signal });
    return false;
  } catch {
    return true;
  }
}

/** The stack's own errors in the CLI's form. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StackError)
      throw new ClientError('Failed', error.message, { advice: error.advice, cause: error });
    if (error instanceof SettingsError) throw new ClientError('WrongUse', error.message, { cause: error });
    throw error;
  }
}
