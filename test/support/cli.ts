/** Runs the command line inside the test's process and catches what it prints. */
import { Writable } from 'node:stream';
import { runCli } from '../../cli/program.ts';
import type { Environment } from '../../pipeline/settings.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Caught extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

/** No local stack is looked for, so that a test never speaks to the one of the checkout. */
const NO_STACK = '';

/**
 * @param environment all that the command sees of the environment
 * @param args as typed after `msp`
 */
export async function msp(environment: Environment, ...args: string[]): Promise<CliResult> {
  const [stdout, stderr] = [new Caught(), new Caught()];
  const exitCode = await runCli(args, {
    environment: { MSP_LOCAL_DIR: NO_STACK, ...environment },
    streams: { stdout, stderr },
    interactive: false,
  });
  return { exitCode, stdout: stdout.text, stderr: stderr.text };
}

/** Parsed, for assertions on its shape. */
export function jsonOf({ stdout }: CliResult): unknown {
  return JSON.parse(stdout);
}
