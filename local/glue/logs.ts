/**
 * A run's output in the logs service, under Glue's group names: stdout in `PREFIX/output`, stderr in `PREFIX/error`, the
 * stream named after the run.
 *
 * Logs are best effort. Lines are taken into memory and sent in batches once a second; whatever the logs service does, a
 * run starts, ends and changes state without waiting for it. Lines that it does not take in time are counted and lost.
 */
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  type CreateLogStreamCommandInput,
  type InputLogEvent,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Logger } from 'pino';
import { messageOf } from '../stack/errors.ts';
import { unlessThere } from '../stack/provision/idempotent.ts';
import type { AwsCredentials } from './role.ts';

/**
 * What is kept while the logs service does not take it. A Spark run prints a few hundred lines, some 50 kB; a script that
 * prints without end must not take the server's memory.
 */
const KEPT_BYTES = 16_000_000;

/** Limits of one PutLogEvents: 10,000 events and 1 MiB, each event counted with 26 bytes more than its text. */
const BATCH_EVENTS = 10_000;
const BATCH_BYTES = 1_000_000;
const EVENT_OVERHEAD_BYTES = 26;

/** Longest wait for one answer; the next second's batch must not queue behind a hung one for long. */
const CALL_MILLISECONDS = 5000;

/** How long the last lines may take after the end of a run. */
const DRAIN_MILLISECONDS = 10_000;

/** What the service calls a group or a stream that is there already. */
const THERE = 'ResourceAlreadyExistsException';

/** One log stream to write lines to. */
export interface LogSink {
  write(line: string): void;
  /** Sends what is left. Returns at the latest after some seconds, and never throws. */
  close(): Promise<void>;
}

export type OpenLogSink = (group: string, stream: string, credentials: AwsCredentials) => LogSink;

/** @param flushMilliseconds between two batches. */
export function cloudWatchLogs(region: string, flushMilliseconds: number, logger: Logger): OpenLogSink {
  return (group, stream, credentials) => {
    const client = new CloudWatchLogsClient({ region, credentials, maxAttempts: 2 });
    const names = { logGroupName: group, logStreamName: stream };
    return new CloudWatchLogSink(client, names, flushMilliseconds, logger);
  };
}

class CloudWatchLogSink implements LogSink {
  readonly #client: CloudWatchLogsClient;
  readonly #stream: CreateLogStreamCommandInput;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #pending: InputLogEvent[] = [];
  #pendingBytes = 0;
  #lost = 0;
  #created = false;
  #complained = false;
  #sending: Promise<void> | undefined;

  constructor(
    client: CloudWatchLogsClient,
    stream: CreateLogStreamCommandInput,
    flushMilliseconds: number,
    logger: Logger,
  ) {
    this.#client = client;
    this.#stream = stream;
    this.#logger = logger.child({ group: stream.logGroupName, stream: stream.logStreamName });
    this.#timer = setInterval(() => void this.#flush(), flushMilliseconds).unref();
  }

  write(line: string): void {
    // The service refuses empty events.
    const event = { timestamp: Date.now(), message: line === '' ? ' ' : line };
    if (this.#pendingBytes + sizeOf(event) > KEPT_BYTES) {
      this.#lost += 1;
      return;
    }
    this.#pending.push(event);
    this.#pendingBytes += sizeOf(event);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const deadline = Date.now() + DRAIN_MILLISECONDS;
    do await this.#flush();
    while (this.#pending.length > 0 && !this.#complained && Date.now() < deadline);
    const lost = this.#lost + this.#pending.length;
    if (lost > 0) this.#logger.warn({ lines: lost }, 'log lines were lost');
    this.#client.destroy();
  }

  /** Sends all that is pending, or waits for the sending under way; stops at the first batch that is not taken. */
  #flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    if (this.#pending.length === 0) return;
    try {
      await this.#createOnce();
      while (this.#pending.length > 0) {
        const logEvents = nextBatch(this.#pending);
        await this.#client.send(new PutLogEventsCommand({ ...this.#stream, logEvents }), inTime());
        this.#pending = this.#pending.slice(logEvents.length);
        for (const event of logEvents) this.#pendingBytes -= sizeOf(event);
        this.#complained = false;
      }
    } catch (error) {
      if (!this.#complained) this.#logger.warn({ problem: messageOf(error) }, 'log lines not taken');
      this.#complained = true;
    }
  }

  async #createOnce(): Promise<void> {
    if (this.#created) return;
    const { logGroupName } = this.#stream;
    await unlessThere(THERE, () => this.#client.send(new CreateLogGroupCommand({ logGroupName }), inTime()));
    await unlessThere(THERE, () => this.#client.send(new CreateLogStreamCommand(this.#stream), inTime()));
    this.#created = true;
  }
}

function inTime(): { abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(CALL_MILLISECONDS) };
}

function sizeOf(event: InputLogEvent): number {
  return Buffer.byteLength(event.message ?? '') + EVENT_OVERHEAD_BYTES;
}

/** The longest start of the list that one call takes. */
function nextBatch(events: readonly InputLogEvent[]): InputLogEvent[] {
  const batch: InputLogEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    bytes += sizeOf(event);
    if (batch.length === BATCH_EVENTS || (batch.length > 0 && bytes > BATCH_BYTES)) break;
    batch.push(event);
  }
  return batch;
}
