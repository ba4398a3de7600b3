/** Entry point of the command `msp`: connects the process to the program. */
import { outliveTerminal } from '../local/stack/interruption.ts';
import { EXIT_CODES } from './errors.ts';
import { runCli } from './program.ts';

// `msp … | head` closes the pipe early; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_CODES.Ok);
});
outliveTerminal();

const environment = { ...process.env };

// The SDK's versions are pinned to the last that run on Node 20; its advice to upgrade Node is no news in every command.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

process.exitCode = await runCli(process.argv.slice(2), {
  environment,
  streams: process,
  interactive: process.stdin.isTTY && process.stderr.isTTY,
  adopt: (completed) => {
    for (const name of Object.keys(environment)) {
      if (!(name in completed)) Reflect.deleteProperty(process.env, name);
    }
    return Object.assign(process.env, completed);
  },
});
