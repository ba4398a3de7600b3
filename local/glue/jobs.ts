/**
 * Job definitions: created, replaced as a whole, listed, deleted, tagged. Values that Glue fills in are filled in when a
 * definition is written, so that GetJob answers what a run will have.
 */
import { refuseReservedArguments } from './arguments.ts';
import { resolveCapacity } from './capacity.ts';
import { GlueError, invalidInput, jobNotFound } from './errors.ts';
import { epochSeconds, type Job, type JobRecord, type JobSettings, type Tags } from './model.ts';
import { pageOf, type Page, type PageRequest } from './paging.ts';
import type { CreateJobRequest, ListJobsRequest } from './schemas.ts';
import type { Store } from './store.ts';

/** What Glue takes when a definition names no version. */
const DEFAULT_GLUE_VERSION = '5.1';
const GLUE_VERSIONS = ['0.9', '1.0', '2.0', '3.0', '4.0', '5.0', '5.1', '6.0'];

/** Longest time limit of a run in minutes: seven days. */
const LONGEST_TIMEOUT_MINUTES = 10_080;

/** Jobs on a page when the caller does not say. */
const JOBS_PER_PAGE = 100;

export class Jobs {
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** @throws GlueError AlreadyExistsException, InvalidInputException. */
  create({ Name, Tags: tags, ...settings }: CreateJobRequest): Job {
    if (this.#store.job(Name) !== undefined) {
      throw new GlueError(
        'AlreadyExistsException',
        `Job ${Name} already exists. Use UpdateJob to change it.`,
      );
    }
    const now = epochSeconds(this.#now());
    const job: Job = { ...completed(settings), Name, CreatedOn: now, LastModifiedOn: now };
    this.#store.saveJob({ version: 1, job, tags: tags ?? {} });
    return job;
  }

  /** Replaces the whole definition: whatever the update does not name goes back to its default. Tags stay. */
  update(name: string, settings: JobSettings): Job {
    const { job: before, tags } = this.#record(name);
    const job: Job = {
      ...completed(settings),
      Name: name,
      CreatedOn: before.CreatedOn,
      LastModifiedOn: epochSeconds(this.#now()),
    };
    this.#store.saveJob({ version: 1, job, tags });
    return job;
  }

  /** @throws GlueError EntityNotFoundException. */
  get(name: string): Job {
    return this.#record(name).job;
  }

  find(name: string): Job | undefined {
    return this.#store.job(name)?.job;
  }

  list(request: PageRequest): Page<Job> {
    const page = pageOf('GetJobs', this.#store.jobs(), nameOf, request, JOBS_PER_PAGE);
    return { ...page, items: page.items.map((record) => record.job) };
  }

  /** Names of the jobs that have all the tags asked for. */
  listNames(request: ListJobsRequest): Page<string> {
    const wanted = Object.entries(request.Tags ?? {});
    const matching = this.#store
      .jobs()
      .filter(({ tags }) => wanted.every(([key, value]) => tags[key] === value));
    const page = pageOf('ListJobs', matching, nameOf, request, JOBS_PER_PAGE);
    return { ...page, items: page.items.map(nameOf) };
  }

  /** Deletes the definition; one that is not there is no error. Runs in flight go on, history stays. */
  delete(name: string): void {
    this.#store.deleteJob(name);
  }

  tags(name: string): Tags {
    return this.#record(name).tags;
  }

  /** @throws GlueError InvalidInputException when the job would have more than 50 tags. */
  tag(name: string, added: Tags, removed: readonly string[]): void {
    const record = this.#record(name);
    const kept = Object.entries(record.tags).filter(([key]) => !removed.includes(key));
    const tags = { ...Object.fromEntries(kept), ...added };
    if (Object.keys(tags).length > 50) throw invalidInput(`Job ${name} would have more than 50 tags.`);
    this.#store.saveJob({ ...record, tags });
  }

  #record(name: string): JobRecord {
    const record = this.#store.job(name);
    if (record === undefined) throw jobNotFound(name);
    return record;
  }
}

function nameOf(record: JobRecord): string {
  return record.job.Name;
}

/** The definition with Glue's defaults, once it has passed the rules that involve more than one field. */
function completed(settings: JobSettings): Omit<Job, 'Name' | 'CreatedOn' | 'LastModifiedOn'> {
  refuseReservedArguments(settings.DefaultArguments);
  refuseReservedArguments(settings.NonOverridableArguments);
  const version = settings.GlueVersion ?? DEFAULT_GLUE_VERSION;
  if (!GLUE_VERSIONS.includes(version)) {
    throw invalidInput(`Glue version ${version} is not one of ${GLUE_VERSIONS.join(', ')}.`);
  }
  const queued = settings.JobRunQueuingEnabled ?? false;
  const retries = settings.MaxRetries ?? 0;
  if (queued && retries > 0) {
    throw invalidInput('Job run queuing is not available for jobs with retries: set MaxRetries to 0.');
  }
  checkExecutionClass(settings.Command.Name, settings.ExecutionClass);
  return {
    ...settings,
    ...resolveCapacity(settings.Command.Name, settings),
    JobMode: settings.JobMode ?? 'SCRIPT',
    JobRunQueuingEnabled: queued,
    ExecutionProperty: { MaxConcurrentRuns: settings.ExecutionProperty?.MaxConcurrentRuns ?? 1 },
    MaxRetries: retries,
    Timeout: checkedTimeout(settings.Timeout) ?? defaultTimeoutMinutes(version),
    GlueVersion: version,
  };
}

/** From 5.0 on a run has eight hours, before it had two days. */
function defaultTimeoutMinutes(glueVersion: string): number {
  return Number(glueVersion) >= 5 ? 480 : 2880;
}

/** @throws GlueError InvalidInputException when the time limit, in minutes, is not one that Glue takes. */
export function checkedTimeout(minutes: number | undefined): number | undefined {
  if (minutes !== undefined && (minutes < 1 || minutes > LONGEST_TIMEOUT_MINUTES)) {
    throw invalidInput(`Timeout is from 1 to ${LONGEST_TIMEOUT_MINUTES} minutes, not ${minutes}.`);
  }
  return minutes;
}

/** @throws GlueError InvalidInputException: spare capacity is for Spark jobs. */
export function checkExecutionClass(command: string, executionClass: string | undefined): void {
  if (executionClass === 'FLEX' && command !== 'glueetl') {
    throw invalidInput('Execution class FLEX is available for glueetl jobs only.');
  }
}
