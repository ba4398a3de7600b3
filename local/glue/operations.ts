/**
 * The operations of Glue's API that the local Glue has: what each takes, which permissions it needs, what it does.
 */
import { z } from 'zod';
import { GlueError, invalidInput, jobNotFound } from './errors.ts';
import type { Jobs } from './jobs.ts';
import { roleArn } from './role.ts';
import type { Runs } from './runs.ts';
import * as requests from './schemas.ts';

/** An action on a resource that IAM is asked about. */
export interface Permission {
  readonly action: string;
  readonly resource: string;
  /** Condition keys and their values. */
  readonly context?: Readonly<Record<string, string>>;
}

/** A call whose input is known to be right. */
export interface PreparedCall {
  readonly permissions: readonly Permission[];
  readonly perform: () => object;
}

export interface Operation {
  /** @throws GlueError InvalidInputException. */
  prepare(body: unknown): PreparedCall;
}

export interface OperationsContext {
  readonly jobs: Jobs;
  readonly runs: Runs;
  readonly region: string;
  readonly account: string;
}

/** Actions on lists can't be limited to a resource. */
const EVERYTHING = '*';

export function glueOperations(context: OperationsContext): ReadonlyMap<string, Operation> {
  const { jobs, runs } = context;
  const jobArnPrefix = `arn:aws:glue:${context.region}:${context.account}:job/`;
  const onJob = (name: string): string => `${jobArnPrefix}${name}`;
  const jobOf = (arn: string): string => {
    if (!arn.startsWith(jobArnPrefix))
      throw invalidInput(`${arn} is not the ARN of a job here (${jobArnPrefix}NAME).`);
    return arn.slice(jobArnPrefix.length);
  };
  const passRole = (role: string): Permission => ({
    action: 'iam:PassRole',
    resource: roleArn(role, context.account),
    context: { 'iam:PassedToService': 'glue.amazonaws.com' },
  });
  const operations = new Map<string, Operation>();
  /** Adds an operation whose permission is its own name on the resource that the input names. */
  const add = <S extends z.ZodType>(
    name: string,
    schema: S,
    resource: (input: z.output<S>) => string | string[],
    perform: (input: z.output<S>) => object,
    further: (input: z.output<S>) => Permission[] = () => [],
  ): void => {
    operations.set(name, {
      prepare(body) {
        const input = parsed(schema, body);
        const own = [resource(input)].flat().map((one) => ({ action: `glue:${name}`, resource: one }));
        return { permissions: [...own, ...further(input)], perform: () => perform(input) };
      },
    });
  };

  const byJobName = (input: { JobName: string }): string => onJob(input.JobName);
  const everything = (): string => EVERYTHING;

  add(
    'CreateJob',
    requests.createJobRequest,
    (input) => onJob(input.Name),
    (input) => ({ Name: jobs.create(input).Name }),
    (input) => [passRole(input.Role)],
  );
  add(
    'UpdateJob',
    requests.updateJobRequest,
    byJobName,
    (input) => ({ JobName: jobs.update(input.JobName, input.JobUpdate).Name }),
    (input) => [passRole(input.JobUpdate.Role)],
  );
  add('GetJob', requests.getJobRequest, byJobName, (input) => ({ Job: jobs.get(input.JobName) }));
  add('GetJobs', requests.getJobsRequest, everything, (input) => {
    const { items, nextToken } = jobs.list(input);
    return { Jobs: items, NextToken: nextToken };
  });
  add('ListJobs', requests.listJobsRequest, everything, (input) => {
    const { items, nextToken } = jobs.listNames(input);
    return { JobNames: items, NextToken: nextToken };
  });
  add(
    'BatchGetJobs',
    requests.batchGetJobsRequest,
    (input) => input.JobNames.map(onJob),
    (input) => ({
      Jobs: input.JobNames.flatMap((name) => jobs.find(name) ?? []),
      JobsNotFound: input.JobNames.filter((name) => jobs.find(name) === undefined),
    }),
  );
  add('DeleteJob', requests.deleteJobRequest, byJobName, (input) => {
    jobs.delete(input.JobName);
    return { JobName: input.JobName };
  });

  add('StartJobRun', requests.startJobRunRequest, byJobName, (input) => ({ JobRunId: runs.start(input) }));
  add('GetJobRun', requests.getJobRunRequest, byJobName, (input) => ({
    JobRun: runs.get(input.JobName, input.RunId),
  }));
  add('GetJobRuns', requests.getJobRunsRequest, byJobName, (input) => {
    const { items, nextToken } = runs.list(input);
    return { JobRuns: items, NextToken: nextToken };
  });
  add('BatchStopJobRun', requests.batchStopJobRunRequest, byJobName, (input) => {
    const { submitted, errors } = runs.stop(input.JobName, input.JobRunIds);
    return {
      SuccessfulSubmissions: submitted.map((id) => ({ JobName: input.JobName, JobRunId: id })),
      Errors: errors,
    };
  });

  add('GetJobBookmark', requests.bookmarkRequest, byJobName, ({ JobName }) => {
    if (jobs.find(JobName) === undefined) throw jobNotFound(JobName);
    throw new GlueError(
      'EntityNotFoundException',
      `Continuation for job ${JobName} not found: no run keeps a bookmark here.`,
    );
  });
  add('ResetJobBookmark', requests.bookmarkRequest, byJobName, ({ JobName, RunId }) => {
    const { Name } = jobs.get(JobName);
    return { JobBookmarkEntry: { JobName: Name, Version: 0, Run: 0, Attempt: 0, RunId, JobBookmark: '{}' } };
  });

  add(
    'GetTags',
    requests.getTagsRequest,
    (input) => input.ResourceArn,
    (input) => ({ Tags: jobs.tags(jobOf(input.ResourceArn)) }),
  );
  add(
    'TagResource',
    requests.tagResourceRequest,
    (input) => input.ResourceArn,
    (input) => {
      jobs.tag(jobOf(input.ResourceArn), input.TagsToAdd, []);
      return {};
    },
  );
  add(
    'UntagResource',
    requests.untagResourceRequest,
    (input) => input.ResourceArn,
    (input) => {
      jobs.tag(jobOf(input.ResourceArn), {}, input.TagsToRemove);
      return {};
    },
  );
  return operations;
}

function parsed<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'request'}: ${issue.message}`,
  );
  throw invalidInput(
    `${problems.length} validation error${problems.length === 1 ? '' : 's'} detected: ${problems.join('; ')}`,
  );
}
