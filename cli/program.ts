/** The command line as a whole: every command, what holds for all of them, and how one is run. */
import { Command } from 'commander';
import { addDataCommands } from './commands/data.ts';
import { addGenerate } from './commands/generate.ts';
import { addGlueCommands } from './commands/glue.ts';
import { addIngest } from './commands/ingest.ts';
import { addLocalCommands } from './commands/local.ts';
import { addOperatorCommands } from './commands/operate.ts';
import { addProcedureCommands } from './commands/procedures.ts';
import { addQualityCommands } from './commands/quality.ts';
import { addRecoverData } from './commands/recover-data.ts';
import { addRecoverRun } from './commands/recover-run.ts';
import { addReset } from './commands/reset.ts';
import { addResume } from './commands/resume.ts';
import { addRunCommands } from './commands/runs.ts';
import { addScheduleCommands } from './commands/schedules.ts';
import { addSettings } from './commands/settings.ts';
import { addShutdown } from './commands/shutdown.ts';
import { CliContext, type CliOptions } from './context.ts';
import { endingOf, EXIT_CODE_MEANINGS, EXIT_CODES, type ExitCode } from './errors.ts';

/** Understood anywhere on the line, as it is added when something has just failed. */
const VERBOSE = '--verbose';

/** The program with all its commands, for running and for writing its reference. */
export function buildProgram(context: CliContext, options: CliOptions): Command {
  const program = new Command('msp')
    .description('Runs and operates the music-streaming analytics pipeline.')
    .option(VERBOSE, 'show stack traces and causes of errors')
    .configureHelp({ showGlobalOptions: false, sortSubcommands: false })
    .configureOutput({
      writeOut: (text) => options.streams.stdout.write(text),
      writeErr: (text) => options.streams.stderr.write(text),
      // Width and colours of help follow the stream, not the process.
      getOutHelpWidth: () => options.streams.stdout.columns ?? 100,
      getErrHelpWidth: () => options.streams.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .showHelpAfterError('(--help shows how it is used)')
    .showSuggestionAfterError()
    .helpCommand(false);

  program.commandsGroup('Start');
  addIngest(program, context);
  addRunCommands(program, context);
  program.commandsGroup('Operate');
  addOperatorCommands(program, context);
  addResume(program, context);
  addShutdown(program, context);
  const recover = program.command('recover').summary('bring back what failed or was damaged');
  addRecoverRun(recover, context);
  addRecoverData(recover, context);
  addReset(program, context);
  addProcedureCommands(program, context);
  addScheduleCommands(program, context);
  program.commandsGroup('Look');
  addDataCommands(program, context);
  addQualityCommands(program, context);
  addGlueCommands(program, context);
  addSettings(program, context);
  program.commandsGroup('Try');
  addLocalCommands(program, context);
  addGenerate(program, context);
  program.addHelpText('after', `\n${exitCodeText()}\n\n${ENVIRONMENT_TEXT}`);
  return program;
}

function exitCodeText(): string {
  const lines = Object.entries(EXIT_CODES).map(
    ([name, code]) => `  ${code}  ${EXIT_CODE_MEANINGS[name as keyof typeof EXIT_CODES]}`,
  );
  return `Exit codes:\n${lines.join('\n')}`;
}

const ENVIRONMENT_TEXT = `Environment:
  Settings are MSP_… variables (msp settings lists them); connections are configured by the standard TEMPORAL_… and
  AWS_… variables and files. Where a local stack runs (folder .local of the checkout, or MSP_LOCAL_DIR), commands are
  meant for it, whatever these say; an MSP_LOCAL_DIR from which none runs is an error, an empty one leaves the stack
  aside. NO_COLOR turns colours off.`;

/**
 * Runs one command.
 * @param args without `node` and the script
 * @returns the exit code; what went wrong has been said on stderr
 */
export async function runCli(args: readonly string[], options: CliOptions): Promise<ExitCode> {
  const context = new CliContext(options);
  try {
    const program = buildProgram(context, options);
    await program.parseAsync(
      args.filter((arg) => arg !== VERBOSE),
      { from: 'user' },
    );
    return context.exitCode;
  } catch (error) {
    const { exitCode, message } = endingOf(error, args.includes(VERBOSE));
    if (message !== undefined) context.out.note(`${context.out.colors.red('error')}: ${message}`);
    return exitCode;
  }
}
