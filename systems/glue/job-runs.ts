/** Runs of Glue jobs: single questions and orders, as activities and the client put them together. */
import {
  BatchStopJobRunCommand,
  GetJobRunCommand,
  paginateGetJobRuns,
  StartJobRunCommand,
} from '@aws-sdk/client-glue';
import type { GlueClient } from '@aws-sdk/client-glue';
import { STOPPED_AT_ONCE } from '../../pipeline/glue-run.ts';
import type { WorkerType } from '../../pipeline/settings.ts';
import { pagesOf } from '../aws/caller.ts';
import type { AwsCall, Caller } from '../aws/caller.ts';
import { unlessNamed } from '../aws/errors.ts';
import { jobRunOf } from './job-run.ts';
import type { JobRun } from './job-run.ts';

/** Runs in a page: GetJobRuns' limit. */
const PAGE = 200;

/** What Glue calls a job or a run that is not there. */
const UNKNOWN = 'EntityNotFoundException';

export interface JobRunStart {
  readonly jobName: string;
  readonly timeoutMinutes: number;
  readonly workerType: WorkerType;
  readonly numberOfWorkers: number;
  readonly arguments: Record<string, string>;
}

export class JobRuns {
  readonly #glue: GlueClient;
  readonly #glueOnce: GlueClient;
  readonly #caller: Caller;

  /** @param glueOnce a client that repeats nothing by itself, for starts */
  constructor(
    { glue, glueOnce }: { readonly glue: GlueClient; readonly glueOnce: GlueClient },
    caller: Caller,
  ) {
    this.#glue = glue;
    this.#glueOnce = glueOnce;
    this.#caller = caller;
  }

  /**
   * The latest runs of a job, the newest first. A listing that fails is a failure, never "none"; only a job that does not
   * exist yet has no runs.
   * @param limit how many at most
   */
  async recent(jobName: string, limit: number): Promise<JobRun[]> {
    const pages = paginateGetJobRuns(
      { client: this.#glue, pageSize: Math.min(limit, PAGE) },
      { JobName: jobName },
    );
    const runs: JobRun[] = [];
    for await (const page of pagesOf(this.#caller, asked('GetJobRuns', jobName), noneOfUnknown(pages))) {
      runs.push(...(page.JobRuns ?? []).map((run) => jobRunOf(run, jobName)));
      if (runs.length >= limit) break;
    }
    return runs.slice(0, limit);
  }

  /** @returns `undefined` when Glue does not know the run */
  async get(jobName: string, id: string): Promise<JobRun | undefined> {
    const get = new GetJobRunCommand({ JobName: jobName, RunId: id });
    const answer = await this.#caller.call(asked('GetJobRun', jobName, id), (options) =>
      unlessNamed(UNKNOWN, () => this.#glue.send(get, options)),
    );
    if (answer === undefined) return undefined;
    if (answer.JobRun === undefined)
      throw this.#caller.failure('ServiceUnavailable', `GetJobRun ${id} answered without a run`);
    return jobRunOf(answer.JobRun, jobName);
  }

  /** A run of whichever of these jobs; `undefined` when Glue does not know it. */
  async find(jobNames: readonly string[], id: string): Promise<JobRun | undefined> {
    for (const jobName of jobNames) {
      const run = await this.get(jobName, id);
      if (run !== undefined) return run;
    }
    return undefined;
  }

  /**
   * Asks for runs to be stopped; does not wait. Errors for single runs say that they have ended meanwhile; whether that
   * is so is seen when they are looked at.
   * @param onStop told of the id of each that Glue was asked to stop
   */
  async stop(jobName: string, ids: readonly string[], onStop?: (id: string) => void): Promise<void> {
    for (let at = 0; at < ids.length; at += STOPPED_AT_ONCE) {
      const some = ids.slice(at, at + STOPPED_AT_ONCE);
      const stop = new BatchStopJobRunCommand({ JobName: jobName, JobRunIds: some });
      await this.#caller.call(asked('BatchStopJobRun', jobName), (options) => this.#glue.send(stop, options));
      some.forEach((id) => onStop?.(id));
    }
  }

  /**
   * Starts a run by a single request, which is not to be cancelled: Glue would start the run all the same, and nobody
   * would know its id.
   * @returns its id, if Glue answers with one
   */
  async start({ jobName, arguments: given, ...size }: JobRunStart): Promise<string | undefined> {
    const start = new StartJobRunCommand({
      JobName: jobName,
      Timeout: size.timeoutMinutes,
      WorkerType: size.workerType,
      NumberOfWorkers: size.numberOfWorkers,
      Arguments: given,
    });
    const { JobRunId: id } = await this.#caller.call(asked('StartJobRun', jobName), () =>
      this.#glueOnce.send(start),
    );
    return id;
  }
}

/** A call about a job, or about one of its runs. */
export function asked(operation: string, jobName: string, subject = jobName): AwsCall {
  return { operation: `${operation} ${subject}`, resource: `Glue job ${jobName}` };
}

async function* noneOfUnknown<T>(pages: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = pages[Symbol.asyncIterator]();
  for (;;) {
    const page = await unlessNamed(UNKNOWN, () => iterator.next());
    if (page === undefined || page.done === true) return;
    yield page.value;
  }
}
