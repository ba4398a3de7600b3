/**
 * Starts the local Glue:
 *
 *     node dist/local/glue/main.js --port 7236 --dir .local/glue --toolchain .setup/toolchain.json \
 *       --credentials .local/credentials.json --authorise
 *
 * Its own credentials and the endpoints of S3, STS, IAM and Logs come from the standard AWS environment variables. It
 * prints one line of JSON to stdout when it answers, and logs to stderr.
 */
import { pino } from 'pino';
import { messageOf } from '../stack/errors.ts';
import { optionsFromCommandLine, OptionsError, type Options } from './options.ts';
import { startLocalGlue } from './server.ts';

/** Exit code for a wrong command line, as shells have it. */
const USAGE = 2;

function fail(error: unknown, exitCode: number): never {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(exitCode);
}

function readOptions(): Options {
  try {
    return optionsFromCommandLine(process.argv.slice(2));
  } catch (error) {
    if (error instanceof OptionsError) fail(error, USAGE);
    throw error;
  }
}

const options = readOptions();
const logger = pino({ name: 'local-glue', level: options.logLevel }, pino.destination({ fd: 2, sync: true }));
const glue = await startLocalGlue(options, process.env, logger).catch((error: unknown) => fail(error, 1));
process.stdout.write(`${JSON.stringify({ ready: true, endpoint: glue.endpoint, pid: process.pid })}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    logger.info({ signal }, 'shutting down');
    glue.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error, 1),
    );
  });
}
