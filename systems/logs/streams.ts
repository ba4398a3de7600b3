/**
 * Logs of a Glue run, read by the exact stream with a saved position. Filtering a log group by run would scan it, is
 * throttled early, and has hung others for an hour.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetLogEventsCommand,
  type CloudWatchLogsClient,
  type GetLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import { LOG_GROUPS } from '../../pipeline/declared/logs.ts';
import type { LogLine, LogStream } from '../../pipeline/declared/logs.ts';
import type { Caller } from '../aws/caller.ts';
import { unlessNamed } from '../aws/errors.ts';

/** Pause between two looks while following: the log service takes ten calls a second for the whole account. */
const FOLLOW_INTERVAL_MS = 2000;

/** A run's last lines arrive after it has ended; so long is looked for more. */
const DRAIN_MS = 6000;

interface Reader {
  readonly stream: LogStream;
  token: string | undefined;
}

export class GlueLogs {
  readonly #logs: CloudWatchLogsClient;
  readonly #caller: Caller;

  constructor(logs: CloudWatchLogsClient, caller: Caller) {
    this.#logs = logs;
    this.#caller = caller;
  }

  /** All lines of a run so far, each stream in order, both merged by time. */
  async read(jobRunId: string, streams: readonly LogStream[]): Promise<LogLine[]> {
    const readers = streams.map((stream): Reader => ({ stream, token: undefined }));
    return await this.#newLines(jobRunId, readers);
  }

  /**
   * Lines as they come, until the run has ended and its last lines have arrived.
   * @param hasEnded asked at each look
   */
  async *follow(
    jobRunId: string,
    streams: readonly LogStream[],
    hasEnded: () => Promise<boolean>,
    signal?: AbortSignal,
  ): AsyncGenerator<LogLine> {
    const readers = streams.map((stream): Reader => ({ stream, token: undefined }));
    let endedAt: number | undefined;
    while (signal?.aborted !== true) {
      if (endedAt === undefined && (await hasEnded())) endedAt = Date.now();
      yield* await this.#newLines(jobRunId, readers);
      if (endedAt !== undefined && Date.now() - endedAt >= DRAIN_MS) return;
      await sleep(FOLLOW_INTERVAL_MS);
    }
  }

  async #newLines(jobRunId: string, readers: readonly Reader[]): Promise<LogLine[]> {
    const lines = (await Promise.all(readers.map((reader) => this.#read(jobRunId, reader)))).flat();
    return lines.sort((a, b) => a.at.localeCompare(b.at));
  }

  async #read(jobRunId: string, reader: Reader): Promise<LogLine[]> {
    const { stream } = reader;
    const lines: LogLine[] = [];
    for (;;) {
      const page = await this.#page(jobRunId, reader);
      if (page === undefined) return lines;
      for (const { timestamp, message } of page.events ?? []) {
        lines.push({
          stream,
          at: new Date(timestamp ?? 0).toISOString(),
          message: (message ?? '').trimEnd(),
        });
      }
      // The service says that there is no more by giving the same token back.
      const done = page.nextForwardToken === undefined || page.nextForwardToken === reader.token;
      reader.token = page.nextForwardToken ?? reader.token;
      if (done) return lines;
    }
  }

  /** `undefined` while the stream does not exist: a run that has not begun has no log. */
  async #page(jobRunId: string, { stream, token }: Reader): Promise<GetLogEventsCommandOutput | undefined> {
    const get = new GetLogEventsCommand({
      logGroupName: LOG_GROUPS[stream],
      logStreamName: jobRunId,
      startFromHead: true,
      ...(token === undefined ? {} : { nextToken: token }),
    });
    const asked = { operation: `GetLogEvents ${jobRunId}`, resource: `log ${LOG_GROUPS[stream]}` };
    return await this.#caller.call(asked, (options) =>
      unlessNamed('ResourceNotFoundException', () => this.#logs.send(get, options)),
    );
  }
}
