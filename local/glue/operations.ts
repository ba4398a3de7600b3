/**
 * The operations of Glue's API that the local Glue has: what each takes, which permission it needs on what, what it does.
 */
import { GlueError, invalidInput, jobNotFound } from './errors.ts';
import type { Jobs } from './jobs.ts';
import { OperationTable, type Permission } from './operation.ts';
import { roleArn } from './role.ts';
import type { Runs } from './runs.ts';
import * as requests from './schemas.ts';

export interface OperationsContext {
  readonly jobs: Jobs;
  readonly runs: Runs;
  readonly region: string;
  readonly account: string;
}

export function glueOperations({ jobs, runs, region, account }: OperationsContext): OperationTable {
  const table = new OperationTable();
  const arns = new JobArns(region, account);
  addJobOperations(table, jobs, arns, account);
  addRunOperations(table, runs, arns);
  addBookmarkOperations(table, jobs, arns);
  addTagOperations(table, jobs, arns);
  return table;
}

class JobArns {
  readonly #prefix: string;

  constructor(region: string, account: string) {
    this.#prefix = `arn:aws:glue:${region}:${account}:job/`;
  }

  of(jobName: string): string {
    return `${this.#prefix}${jobName}`;
  }

  /** @throws GlueError InvalidInputException for a resource that is not a job here. */
  nameIn(arn: string): string {
    if (arn.startsWith(this.#prefix)) return arn.slice(this.#prefix.length);
    throw invalidInput(`${arn} is not the ARN of a job here (${this.#prefix}NAME).`);
  }
}

/** Actions on lists can't be limited to a resource. */
const everything = (): string => '*';

function addJobOperations(table: OperationTable, jobs: Jobs, arns: JobArns, account: string): void {
  const onJob = ({ JobName }: { JobName: string }): string => arns.of(JobName);
  const passing = (role: string): Permission => ({
    action: 'iam:PassRole',
    resource: roleArn(role, account),
    context: { 'iam:PassedToService': 'glue.amazonaws.com' },
  });
  table.add('CreateJob', {
    takes: requests.createJobRequest,
    on: ({ Name }) => arns.of(Name),
    alsoNeeds: ({ Role }) => passing(Role),
    does: (input) => ({ Name: jobs.create(input).Name }),
  });
  table.add('UpdateJob', {
    takes: requests.updateJobRequest,
    on: onJob,
    alsoNeeds: ({ JobUpdate }) => passing(JobUpdate.Role),
    does: ({ JobName, JobUpdate }) => ({ JobName: jobs.update(JobName, JobUpdate).Name }),
  });
  table.add('GetJob', {
    takes: requests.getJobRequest,
    on: onJob,
    does: ({ JobName }) => ({ Job: jobs.get(JobName) }),
  });
  table.add('GetJobs', {
    takes: requests.getJobsRequest,
    on: everything,
    does(input) {
      const { items, nextToken } = jobs.list(input);
      return { Jobs: items, NextToken: nextToken };
    },
  });
  table.add('ListJobs', {
    takes: requests.listJobsRequest,
    on: everything,
    does(input) {
      const { items, nextToken } = jobs.listNames(input);
      return { JobNames: items, NextToken: nextToken };
    },
  });
  table.add('BatchGetJobs', {
    takes: requests.batchGetJobsRequest,
    on: ({ JobNames }) => JobNames.map((name) => arns.of(name)),
    does: ({ JobNames }) => ({
      Jobs: JobNames.flatMap((name) => jobs.find(name) ?? []),
      JobsNotFound: JobNames.filter((name) => jobs.find(name) === undefined),
    }),
  });
  table.add('DeleteJob', {
    takes: requests.deleteJobRequest,
    on: onJob,
    does({ JobName }) {
      jobs.delete(JobName);
      return { JobName };
    },
  });
}

function addRunOperations(table: OperationTable, runs: Runs, arns: JobArns): void {
  const onJob = ({ JobName }: { JobName: string }): string => arns.of(JobName);
  table.add('StartJobRun', {
    takes: requests.startJobRunRequest,
    on: onJob,
    does: (input) => ({ JobRunId: runs.start(input) }),
  });
  table.add('GetJobRun', {
    takes: requests.getJobRunRequest,
    on: onJob,
    does: ({ JobName, RunId }) => ({ JobRun: runs.get(JobName, RunId) }),
  });
  table.add('GetJobRuns', {
    takes: requests.getJobRunsRequest,
    on: onJob,
    does(input) {
      const { items, nextToken } = runs.list(input);
      return { JobRuns: items, NextToken: nextToken };
    },
  });
  table.add('BatchStopJobRun', {
    takes: requests.batchStopJobRunRequest,
    on: onJob,
    does({ JobName, JobRunIds }) {
      const { submitted, errors } = runs.stop(JobName, JobRunIds);
      return { SuccessfulSubmissions: submitted.map((JobRunId) => ({ JobName, JobRunId })), Errors: errors };
    },
  });
}

/** No run keeps a bookmark here, so there is none to get, and resetting one leaves it as it is. */
function addBookmarkOperations(table: OperationTable, jobs: Jobs, arns: JobArns): void {
  const onJob = ({ JobName }: { JobName: string }): string => arns.of(JobName);
  table.add('GetJobBookmark', {
    takes: requests.bookmarkRequest,
    on: onJob,
    does({ JobName }) {
      if (jobs.find(JobName) === undefined) throw jobNotFound(JobName);
      throw new GlueError('EntityNotFoundException', `Continuation for job ${JobName} not found.`);
    },
  });
  table.add('ResetJobBookmark', {
    takes: requests.bookmarkRequest,
    on: onJob,
    does({ JobName, RunId }) {
      const { Name } = jobs.get(JobName);
      const entry = { JobName: Name, Version: 0, Run: 0, Attempt: 0, RunId, JobBookmark: '{}' };
      return { JobBookmarkEntry: entry };
    },
  });
}

function addTagOperations(table: OperationTable, jobs: Jobs, arns: JobArns): void {
  const onResource = ({ ResourceArn }: { ResourceArn: string }): string => ResourceArn;
  table.add('GetTags', {
    takes: requests.getTagsRequest,
    on: onResource,
    does: ({ ResourceArn }) => ({ Tags: jobs.tags(arns.nameIn(ResourceArn)) }),
  });
  table.add('TagResource', {
    takes: requests.tagResourceRequest,
    on: onResource,
    does({ ResourceArn, TagsToAdd }) {
      jobs.tag(arns.nameIn(ResourceArn), TagsToAdd, []);
      return {};
    },
  });
  table.add('UntagResource', {
    takes: requests.untagResourceRequest,
    on: onResource,
    does({ ResourceArn, TagsToRemove }) {
      jobs.tag(arns.nameIn(ResourceArn), {}, TagsToRemove);
      return {};
    },
  });
}
