/** Structured logs of a process: one JSON object a line. */
import { pino } from 'pino';
import type { Logger } from 'pino';
import type { LogLevel, LogMetadata, Logger as TemporalLogger } from '@temporalio/worker';

/** Fields that may hold credentials, wherever they turn up. */
const SECRETS = ['secretAccessKey', 'sessionToken', 'apiKey', 'authorization'].flatMap((field) => [
  field,
  `*.${field}`,
]);

export function createLogger(): Logger {
  return pino({
    redact: SECRETS,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** Sends the SDK's and its core's logs through ours, so that the process speaks with one voice. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const log = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    // The SDK's own timestamp of core logs is a bigint, which JSON does not know.
    const { timestampNanos, ...fields } = meta ?? {};
    logger[LEVELS[level]](fields, message);
  };
  return {
    log,
    trace: (message, meta) => {
      log('TRACE', message, meta);
    },
    debug: (message, meta) => {
      log('DEBUG', message, meta);
    },
    info: (message, meta) => {
      log('INFO', message, meta);
    },
    warn: (message, meta) => {
      log('WARN', message, meta);
    },
    error: (message, meta) => {
      log('ERROR', message, meta);
    },
  };
}
