/** Job definitions over the wire, as every AWS SDK sees them. */
import {
  BatchGetJobsCommand,
  CreateJobCommand,
  DeleteJobCommand,
  EntityNotFoundException,
  GetJobCommand,
  GetJobsCommand,
  GetTagsCommand,
  InvalidInputException,
  ListJobsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateJobCommand,
  type CreateJobCommandInput,
} from '@aws-sdk/client-glue';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startGlueUnderTest, type GlueUnderTest } from './support/glue-server.ts';

let glue: GlueUnderTest;
beforeAll(async () => {
  glue = await startGlueUnderTest();
});
afterAll(() => glue.close());

const command = { Name: 'glueetl', ScriptLocation: 's3://scripts/a.py', PythonVersion: '3' };
const definition = (more: Partial<CreateJobCommandInput> = {}): CreateJobCommandInput => ({
  Name: 'defined',
  Role: 'role',
  Command: command,
  ...more,
});
const arnOf = (name: string): string => `arn:aws:glue:eu-west-1:000000000000:job/${name}`;

describe('a job definition', () => {
  it("is answered with Glue's defaults filled in", async () => {
    await glue.client.send(new CreateJobCommand(definition({ Name: 'defaults' })));
    const { Job } = await glue.client.send(new GetJobCommand({ JobName: 'defaults' }));
    expect(Job).toMatchObject({
      Name: 'defaults',
      Command: command,
      GlueVersion: '5.1',
      Timeout: 480,
      MaxRetries: 0,
      ExecutionProperty: { MaxConcurrentRuns: 1 },
      WorkerType: 'G.1X',
      NumberOfWorkers: 2,
      MaxCapacity: 2,
      JobRunQueuingEnabled: false,
    });
    expect(Job?.CreatedOn).toBeInstanceOf(Date);
  });

  it('has the longer time limit of the older Glue versions', async () => {
    await glue.client.send(new CreateJobCommand(definition({ Name: 'old', GlueVersion: '4.0' })));
    const { Job } = await glue.client.send(new GetJobCommand({ JobName: 'old' }));
    expect(Job?.Timeout).toBe(2880);
  });

  it('is replaced as a whole by an update: what the update leaves out is gone', async () => {
    const before = definition({
      Name: 'replaced',
      Description: 'first',
      DefaultArguments: { '--a': '1' },
      Timeout: 5,
      ExecutionProperty: { MaxConcurrentRuns: 3 },
      Tags: { team: 'data' },
    });
    await glue.client.send(new CreateJobCommand(before));
    const JobUpdate = { Role: 'other', Command: command, MaxRetries: 1 };
    await glue.client.send(new UpdateJobCommand({ JobName: 'replaced', JobUpdate }));
    const { Job } = await glue.client.send(new GetJobCommand({ JobName: 'replaced' }));
    expect(Job).toMatchObject({
      Role: 'other',
      MaxRetries: 1,
      Timeout: 480,
      ExecutionProperty: { MaxConcurrentRuns: 1 },
    });
    expect(Job).not.toHaveProperty('Description');
    expect(Job).not.toHaveProperty('DefaultArguments');
    const { Tags } = await glue.client.send(new GetTagsCommand({ ResourceArn: arnOf('replaced') }));
    expect(Tags).toEqual({ team: 'data' });
  });

  it('can be deleted, also when it is not there', async () => {
    await glue.client.send(new CreateJobCommand(definition({ Name: 'short-lived' })));
    await glue.client.send(new DeleteJobCommand({ JobName: 'short-lived' }));
    await glue.client.send(new DeleteJobCommand({ JobName: 'short-lived' }));
    const lost = glue.client.send(new GetJobCommand({ JobName: 'short-lived' }));
    await expect(lost).rejects.toBeInstanceOf(EntityNotFoundException);
  });

  it('is not created twice', async () => {
    await glue.client.send(new CreateJobCommand(definition({ Name: 'twice' })));
    const again = glue.client.send(new CreateJobCommand(definition({ Name: 'twice' })));
    await expect(again).rejects.toMatchObject({ name: 'AlreadyExistsException' });
  });

  it('is listed page by page, by name, with none missing or repeated', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `paged-${index}`);
    for (const Name of names)
      await glue.client.send(new CreateJobCommand(definition({ Name, Tags: { page: 'yes' } })));
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await glue.client.send(
        new ListJobsCommand({ MaxResults: 3, Tags: { page: 'yes' }, NextToken }),
      );
      expect(page.JobNames?.length).toBeLessThanOrEqual(3);
      seen.push(...(page.JobNames ?? []));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toEqual(names);

    const first = await glue.client.send(new GetJobsCommand({ MaxResults: 2 }));
    const second = await glue.client.send(new GetJobsCommand({ MaxResults: 2, NextToken: first.NextToken }));
    const both = [...(first.Jobs ?? []), ...(second.Jobs ?? [])].map((job) => job.Name);
    expect(new Set(both).size).toBe(4);
  });

  it('is found among several at once, and those that are missing are named', async () => {
    await glue.client.send(new CreateJobCommand(definition({ Name: 'batch-1' })));
    const answer = await glue.client.send(new BatchGetJobsCommand({ JobNames: ['batch-1', 'batch-2'] }));
    expect(answer.Jobs?.map((job) => job.Name)).toEqual(['batch-1']);
    expect(answer.JobsNotFound).toEqual(['batch-2']);
  });

  it('can be tagged and untagged', async () => {
    await glue.client.send(new CreateJobCommand(definition({ Name: 'tagged', Tags: { a: '1', b: '2' } })));
    const ResourceArn = arnOf('tagged');
    await glue.client.send(new TagResourceCommand({ ResourceArn, TagsToAdd: { c: '3' } }));
    await glue.client.send(new UntagResourceCommand({ ResourceArn, TagsToRemove: ['a'] }));
    const { Tags } = await glue.client.send(new GetTagsCommand({ ResourceArn }));
    expect(Tags).toEqual({ b: '2', c: '3' });
  });
});

describe('Glue refuses', () => {
  const manyTags = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`tag-${index}`, 'x']));
  it.each<[string, Partial<CreateJobCommandInput>, RegExp]>([
    ['a name that is too long', { Name: 'n'.repeat(256) }, /Name/],
    ['no role', { Role: '' }, /Role/],
    ['a command that is not one', { Command: { ...command, Name: 'glueray' } }, /glueetl and pythonshell/],
    ['a script outside S3', { Command: { ...command, ScriptLocation: '/tmp/a.py' } }, /s3:\/\//],
    [
      'capacity in workers and in DPUs',
      { WorkerType: 'G.1X', NumberOfWorkers: 2, MaxCapacity: 2 },
      /Max Capacity/,
    ],
    ['a worker type without a number', { WorkerType: 'G.1X' }, /both Worker Type and Number of Workers/],
    ['an unknown worker type', { WorkerType: 'H.1X' as 'G.1X', NumberOfWorkers: 2 }, /H\.1X is not one of/],
    ['a single worker', { WorkerType: 'G.1X', NumberOfWorkers: 1 }, /from 2 to 299, not 1/],
    ['a time limit of nothing', { Timeout: 0 }, /from 1 to 10080/],
    ['a time limit over seven days', { Timeout: 10_081 }, /from 1 to 10080/],
    ['more than fifty tags', { Tags: manyTags }, /at most 50 tags/],
    ['too many retries', { MaxRetries: 11 }, /MaxRetries/],
    ['queuing together with retries', { MaxRetries: 1, JobRunQueuingEnabled: true }, /MaxRetries to 0/],
    ['an unknown version', { GlueVersion: '5.9' }, /5\.9 is not one of/],
    ['a reserved default argument', { DefaultArguments: { '--JOB_NAME': 'x' } }, /--JOB_NAME is reserved/],
    ['an argument without dashes', { DefaultArguments: { run: 'x' } }, /must start with --/],
    [
      'workers of a Python shell job',
      { Command: { ...command, Name: 'pythonshell' }, WorkerType: 'G.1X', NumberOfWorkers: 2 },
      /Python shell/,
    ],
    [
      'spare capacity for a Python shell job',
      { Command: { ...command, Name: 'pythonshell' }, ExecutionClass: 'FLEX' },
      /FLEX/,
    ],
  ])('%s', async (_, more, message) => {
    const creation = glue.client.send(new CreateJobCommand(definition(more)));
    const error = await creation.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidInputException);
    expect(error).toHaveProperty('message', expect.stringMatching(message));
  });

  it("another operation's paging token", async () => {
    const { NextToken } = await glue.client.send(new GetJobsCommand({ MaxResults: 1 }));
    const listed = glue.client.send(new ListJobsCommand({ NextToken }));
    await expect(listed).rejects.toThrow(/NextToken/);
  });
});

describe('the wire', () => {
  const post = (target: string, body: string): Promise<Response> =>
    fetch(glue.endpoint, { method: 'POST', headers: { 'x-amz-target': target }, body });

  it('names an operation that it does not have', async () => {
    const answer = await post('AWSGlue.GetCrawlers', '{}');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ __type: 'UnknownOperationException' });
  });

  it('answers what is not JSON, and what is not an object, as the caller can understand', async () => {
    expect(await (await post('AWSGlue.GetJob', '{')).json()).toMatchObject({
      __type: 'SerializationException',
    });
    expect(await (await post('AWSGlue.GetJob', '[]')).json()).toMatchObject({
      __type: 'InvalidInputException',
    });
  });

  it('takes null as not given', async () => {
    const answer = await post('AWSGlue.GetJobs', '{"MaxResults":1,"NextToken":null}');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
  });
});
