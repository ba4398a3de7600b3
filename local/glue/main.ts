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
import { optionsFromCommandLine, OptionsError, type Options } from './options.ts';
import { startLocalGlue } from './server.ts';

/** Exit code for a wrong command line, as shells have it. */
const USAGE = 2;

function options(): Options {
  try {
    return optionsFromCommandLine(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(USAGE);
  }
}

const given = options();
const logger = pino({ name: 'local-glue', level: given.logLevel }, pino.destination({ fd: 2, sync: true }));
const glue = await startLocalGlue(given, process.env, logger);
process.stdout.write(`${JSON.stringify({ ready: true, endpoint: glue.endpoint, pid: process.pid })}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    logger.info({ signal }, 'shutting down');
    void glue.close().then(() => process.exit(0));
  });
}
