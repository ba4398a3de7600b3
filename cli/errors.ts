/** How the CLI ends: exit codes that programs can rely on, and messages that people can act on. */
import { CommanderError } from 'commander';
import { causesOf, ClientError, shapeOf, type ClientErrorCode } from '../client/errors.ts';

/** The exit code of each kind of trouble; documented in `msp --help` and docs/cli.md. */
export const EXIT_CODES = {
  Ok: 0,
  Failed: 1,
  WrongUse: 2,
  NotFound: 3,
  Refused: 4,
  Unreachable: 5,
  NotAllowed: 6,
  NeedsOperator: 7,
} as const satisfies Record<ClientErrorCode | 'Ok', number>;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

export const EXIT_CODE_MEANINGS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  Ok: 'done',
  Failed: 'the work ended badly: a run failed, was rejected or aborted',
  WrongUse: 'wrong use: arguments, settings',
  NotFound: 'no such run, object, table, job or schedule',
  Refused: "the run can't follow the command in its present state, or you said no",
  Unreachable: 'Temporal, a worker or an AWS service did not answer',
  NotAllowed: 'these credentials may not do that',
  NeedsOperator: 'the run waits for an operator',
};

export interface Ending {
  readonly exitCode: ExitCode;
  /** For stderr; commander has printed its own. */
  readonly message?: string;
}

/**
 * What an error means for the process.
 * @param verbose show the stack and all causes
 */
export function endingOf(error: unknown, verbose: boolean): Ending {
  if (error instanceof CommanderError) {
    // Help that was asked for ends a command by throwing, too.
    return { exitCode: error.exitCode === 0 ? EXIT_CODES.Ok : EXIT_CODES.WrongUse };
  }
  const details = verbose ? `\n\n${causesOf(error).map(stackOf).join('\ncaused by: ')}` : '';
  if (error instanceof ClientError) {
    const advice = error.advice === undefined ? '' : `\n  ${error.advice}`;
    return { exitCode: EXIT_CODES[error.code], message: `${error.message}${advice}${details}` };
  }
  const hint = verbose ? '' : '\n  --verbose shows where it happened.';
  return {
    exitCode: EXIT_CODES.Failed,
    message: `Unexpected error: ${shapeOf(error).message}${hint}${details}`,
  };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : shapeOf(error).message;
}
