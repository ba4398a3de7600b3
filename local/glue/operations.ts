/**
 * The operations of Glue's API that the local Glue has: what each takes, which permission it needs on what, what it does.
 */
import type { z } from 'zod';
import { GlueError, invalidInput, jobNotFound } from './errors.ts';
import type { Jobs } from './jobs.ts';
import { OperationTable, type Permission } from './operation.ts';
import type { Page } from './paging.ts';
import { roleArn } from './role.ts';
import type { Runs } from './runs.ts';
import * as requests from './schemas.ts';

export interface OperationsContext {
  readonly jobs: Jobs;
  readonly runs: Runs;
  readonly region: string;
  readonly account: string;
}

/** Actions on lists can't be limited to a resource. */
const everything = (): string => '*';

export function glueOperations({ jobs, runs, region, account }: OperationsContext): OperationTable {
  const table = new OperationTable();
  const arnPrefix = `arn:aws:glue:${region}:${account}:job/`;
  addJobOperations(table, jobs, arnPrefix, account);
  addRunOperations(table, runs, arnPrefix);
  addBookmarkOperations(table, jobs, arnPrefix);
  addTagOperations(table, jobs, arnPrefix);
  return table;
}

/** Adds operations on the one job that their input names. */
function onJob(table: OperationTable, arnPrefix: string) {
  return <T extends { JobName: string }>(
    name: string,
    takes: z.ZodType<T>,
    does: (input: T) => object,
  ): void => {
    table.add(name, takes, ({ JobName }) => `${arnPrefix}${JobName}`, does);
  };
}

function answerOf(member: string, { items, nextToken }: Page<unknown>): object {
  return { [member]: items, NextToken: nextToken };
}

function addJobOperations(table: OperationTable, jobs: Jobs, arnPrefix: string, account: string): void {
  const add = onJob(table, arnPrefix);
  const passing = (role: string): Permission => ({
    action: 'iam:PassRole',
    resource: roleArn(role, account),
    context: { 'iam:PassedToService': 'glue.amazonaws.com' },
  });
  table.add(
    'CreateJob',
    requests.createJobRequest,
    ({ Name }) => `${arnPrefix}${Name}`,
    (input) => ({ Name: jobs.create(input).Name }),
    ({ Role }) => passing(Role),
  );
  table.add(
    'UpdateJob',
    requests.updateJobRequest,
    ({ JobName }) => `${arnPrefix}${JobName}`,
    ({ JobName, JobUpdate }) => ({ JobName: jobs.update(JobName, JobUpdate).Name }),
    ({ JobUpdate }) => passing(JobUpdate.Role),
  );
  add('GetJob', requests.jobRequest, ({ JobName }) => ({ Job: jobs.get(JobName) }));
  table.add('GetJobs', requests.getJobsRequest, everything, (input) => answerOf('Jobs', jobs.list(input)));
  table.add('ListJobs', requests.listJobsRequest, everything, (input) =>
    answerOf('JobNames', jobs.listNames(input)),
  );
  table.add(
    'BatchGetJobs',
    requests.batchGetJobsRequest,
    ({ JobNames }) => JobNames.map((name) => `${arnPrefix}${name}`),
    ({ JobNames }) => ({
      Jobs: JobNames.flatMap((name) => jobs.find(name) ?? []),
      JobsNotFound: JobNames.filter((name) => jobs.find(name) === undefined),
    }),
  );
  add('DeleteJob', requests.jobRequest, ({ JobName }) => {
    jobs.delete(JobName);
    return { JobName };
  });
}

function addRunOperations(table: OperationTable, runs: Runs, arnPrefix: string): void {
  const add = onJob(table, arnPrefix);
  add('StartJobRun', requests.startJobRunRequest, (input) => ({ JobRunId: runs.start(input) }));
  add('GetJobRun', requests.getJobRunRequest, ({ JobName, RunId }) => ({ JobRun: runs.get(JobName, RunId) }));
  add('GetJobRuns', requests.getJobRunsRequest, (input) => answerOf('JobRuns', runs.list(input)));
  add('BatchStopJobRun', requests.batchStopJobRunRequest, ({ JobName, JobRunIds }) => {
    const { submitted, errors } = runs.stop(JobName, JobRunIds);
    return { SuccessfulSubmissions: submitted.map((JobRunId) => ({ JobName, JobRunId })), Errors: errors };
  });
}

/** No run keeps a bookmark here, so there is none to get, and resetting one leaves it as it is. */
function addBookmarkOperations(table: OperationTable, jobs: Jobs, arnPrefix: string): void {
  const add = onJob(table, arnPrefix);
  add('GetJobBookmark', requests.bookmarkRequest, ({ JobName }) => {
    if (jobs.find(JobName) === undefined) throw jobNotFound(JobName);
    throw new GlueError('EntityNotFoundException', `Continuation for job ${JobName} not found.`);
  });
  add('ResetJobBookmark', requests.bookmarkRequest, ({ JobName, RunId }) => {
    const { Name } = jobs.get(JobName);
    const entry = { JobName: Name, Version: 0, Run: 0, Attempt: 0, RunId, JobBookmark: '{}' };
    return { JobBookmarkEntry: entry };
  });
}

function addTagOperations(table: OperationTable, jobs: Jobs, arnPrefix: string): void {
  const onResource = ({ ResourceArn }: { ResourceArn: string }): string => ResourceArn;
  const jobIn = (arn: string): string => {
    if (arn.startsWith(arnPrefix)) return arn.slice(arnPrefix.length);
    throw invalidInput(`${arn} is not the ARN of a job here (${arnPrefix}NAME).`);
  };
  table.add('GetTags', requests.getTagsRequest, onResource, ({ ResourceArn }) => ({
    Tags: jobs.tags(jobIn(ResourceArn)),
  }));
  table.add('TagResource', requests.tagResourceRequest, onResource, ({ ResourceArn, TagsToAdd }) => {
    jobs.tag(jobIn(ResourceArn), TagsToAdd, []);
    return {};
  });
  table.add('UntagResource', requests.untagResourceRequest, onResource, ({ ResourceArn, TagsToRemove }) => {
    jobs.tag(jobIn(ResourceArn), {}, TagsToRemove);
    return {};
  });
}
