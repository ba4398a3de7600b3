/**
 * Who may do what in a stack's account: real calls as each identity. What is refused here would be refused on AWS; what
 * is allowed is what the pipeline does.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateJobCommand,
  GetJobRunsCommand,
  GetJobsCommand,
  GlueClient,
  ListJobsCommand,
  StartJobRunCommand,
} from '@aws-sdk/client-glue';
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CopyObjectCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePortBase } from '../../local/stack/ports.ts';
import { startStack, type RunningStack } from '../../local/stack/start.ts';
import { stopStack } from '../../local/stack/stop.ts';
import { wholeStackLimit } from '../support/suites/whole-stack.ts';

wholeStackLimit();

const BUCKET = 'music-streaming-analyses-bucket';
const TABLE = 'music_streaming_kpis';
const ROLE = 'arn:aws:iam::000000000000:role/msp-glue-job';

interface Identity {
  readonly s3: S3Client;
  readonly dynamo: DynamoDBClient;
  readonly glue: GlueClient;
  readonly logs: CloudWatchLogsClient;
  readonly iam: IAMClient;
  readonly sts: STSClient;
}
interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

let dir: string;
let running: RunningStack;
const identities: Record<string, Identity> = {};

function identity(name: string, credentials: Keys): void {
  const { aws, glue } = running.stack.endpoints;
  const options = { region: 'eu-west-1', endpoint: aws, credentials };
  identities[name] = {
    s3: new S3Client(options),
    dynamo: new DynamoDBClient(options),
    glue: new GlueClient({ ...options, endpoint: glue }),
    logs: new CloudWatchLogsClient(options),
    iam: new IAMClient(options),
    sts: new STSClient(options),
  };
}

const as = (name: string): Identity => {
  const found = identities[name];
  if (found === undefined) throw new Error(`no identity ${name}`);
  return found;
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'msp-rights-'));
  const { MSP_SETUP_DIR } = process.env;
  const environment = MSP_SETUP_DIR === undefined ? {} : { MSP_SETUP_DIR };
  running = await startStack({ dir, portBase: await freePortBase(), environment });
  for (const key of running.folder.readCredentials()) {
    identity(key.principalArn.split('/').at(-1) ?? '', key);
  }
  const { Credentials: session } = await as('msp-local-glue').sts.send(
    new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'test' }),
  );
  identity('job', {
    accessKeyId: session?.AccessKeyId ?? '',
    secretAccessKey: session?.SecretAccessKey ?? '',
    sessionToken: session?.SessionToken ?? '',
  });
});

afterAll(async () => {
  for (const { s3, dynamo, glue, logs, iam, sts } of Object.values(identities)) {
    for (const client of [s3, dynamo, glue, logs, iam, sts]) client.destroy();
  }
  await stopStack(dir);
  rmSync(dir, { recursive: true });
});

const put = (name: string, key: string): Promise<unknown> =>
  as(name).s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'x' }));
const get = (name: string, key: string): Promise<unknown> =>
  as(name).s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
const remove = (name: string, key: string): Promise<unknown> =>
  as(name).s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
const list = (name: string, prefix: string): Promise<unknown> =>
  as(name).s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
const putItem = (name: string): Promise<unknown> =>
  as(name).dynamo.send(new PutItemCommand({ TableName: TABLE, Item: { id: { S: 'x' } } }));
const query = (name: string): Promise<unknown> =>
  as(name).dynamo.send(
    new QueryCommand({
      TableName: TABLE,
      IndexName: 'date-metric_type-index',
      KeyConditionExpression: '#date = :date',
      ExpressionAttributeNames: { '#date': 'date' },
      ExpressionAttributeValues: { ':date': { S: '2024-06-25' } },
    }),
  );
const deleteItem = (name: string): Promise<unknown> =>
  as(name).dynamo.send(new DeleteItemCommand({ TableName: TABLE, Key: { id: { S: 'x' } } }));
const deleteTable = (name: string): Promise<unknown> =>
  as(name).dynamo.send(new DeleteTableCommand({ TableName: TABLE }));
const job = { Role: ROLE, Command: { Name: 'glueetl', ScriptLocation: `s3://${BUCKET}/scripts/x.py` } };
const createJob = (name: string, jobName: string, role = ROLE): Promise<unknown> =>
  as(name).glue.send(new CreateJobCommand({ Name: jobName, ...job, Role: role }));

const refused = { name: expect.stringMatching(/^AccessDenied/) };

describe('scripts', () => {
  it.each(['streams/', 'archived/', 'reference/songs/', 'processed/manifests/plays/', 'scripts/'])(
    'never write below %s',
    (prefix) => expect(put('job', `${prefix}x`)).rejects.toMatchObject(refused),
  );
  it.each(['validated/plays/', 'kpis/', 'processed/runs/', 'temporary/'])('write below %s', (prefix) =>
    put('job', `${prefix}x`),
  );
  it('do not see what was delivered, only what was staged for them', async () => {
    await put('msp-operator', 'streams/plays.csv');
    await expect(get('job', 'streams/plays.csv')).rejects.toMatchObject(refused);
    await expect(list('job', 'streams/')).rejects.toMatchObject(refused);
    await expect(list('job', '')).rejects.toMatchObject(refused);
    await list('job', 'temporary/run=1/');
  });
  it('delete nothing but scratch', async () => {
    await expect(remove('job', 'validated/plays/x')).rejects.toMatchObject(refused);
    await remove('job', 'temporary/x');
  });
  it('change items, and never the table', async () => {
    await putItem('job');
    await query('job');
    await deleteItem('job');
    await expect(deleteTable('job')).rejects.toMatchObject(refused);
  });
});

describe('the worker', () => {
  it('arranges objects, and leaves the bucket as it is', async () => {
    const copy = { Bucket: BUCKET, Key: 'archived/plays.csv', CopySource: `${BUCKET}/streams/plays.csv` };
    await as('msp-worker').s3.send(new CopyObjectCommand(copy));
    await remove('msp-worker', 'streams/plays.csv');
    await expect(as('msp-worker').s3.send(new DeleteBucketCommand({ Bucket: BUCKET }))).rejects.toMatchObject(
      refused,
    );
  });
  it('reads items, to compare them with what is published, and changes none', async () => {
    await query('msp-worker');
    await expect(putItem('msp-worker')).rejects.toMatchObject(refused);
    await expect(deleteItem('msp-worker')).rejects.toMatchObject(refused);
    await expect(deleteTable('msp-worker')).rejects.toMatchObject(refused);
  });
  it("has its own pipeline's jobs, with the jobs' own role", async () => {
    await createJob('msp-worker', 'music_streaming_test');
    await expect(createJob('msp-worker', 'payroll')).rejects.toMatchObject(refused);
    const otherRole = 'arn:aws:iam::000000000000:role/administrator';
    await expect(createJob('msp-worker', 'music_streaming_other', otherRole)).rejects.toMatchObject(refused);
  });
  it('becomes nobody else, and makes nobody', async () => {
    const assume = new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'test' });
    await expect(as('msp-worker').sts.send(assume)).rejects.toMatchObject(refused);
    const create = new CreateUserCommand({ UserName: 'somebody' });
    await expect(as('msp-worker').iam.send(create)).rejects.toMatchObject(refused);
  });
});

describe('the operator', () => {
  it('delivers files, and changes nothing else', async () => {
    await put('msp-operator', 'streams/again.csv');
    await put('msp-operator', 'reference/users/users.csv');
    for (const key of ['validated/plays/x', 'archived/x', 'processed/manifests/plays/x', 'reference/x']) {
      await expect(put('msp-operator', key)).rejects.toMatchObject(refused);
    }
    await expect(remove('msp-operator', 'streams/again.csv')).rejects.toMatchObject(refused);
    await expect(putItem('msp-operator')).rejects.toMatchObject(refused);
  });
  it('removes a wrong file of reference data, and no version of it for good', async () => {
    for (const key of ['reference/songs/wrong.csv', 'reference/users/wrong.csv']) {
      const { VersionId } = await as('msp-operator').s3.send(
        new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'x' }),
      );
      await remove('msp-operator', key);
      await expect(get('msp-operator', key)).rejects.toMatchObject({ name: 'NoSuchKey' });
      await expect(
        as('msp-operator').s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key, VersionId })),
      ).rejects.toMatchObject(refused);
    }
    await expect(remove('msp-operator', 'reference/x')).rejects.toMatchObject(refused);
  });
  it('sees everything', async () => {
    await list('msp-operator', '');
    await get('msp-operator', 'archived/plays.csv');
    await query('msp-operator');
  });
  it('looks at jobs, and starts none', async () => {
    const { glue } = as('msp-operator');
    await createJob('msp-worker', 'music_streaming_seen');
    await glue.send(new GetJobRunsCommand({ JobName: 'music_streaming_seen' }));
    await expect(
      glue.send(new StartJobRunCommand({ JobName: 'music_streaming_seen' })),
    ).rejects.toMatchObject(refused);
  });
  it('lists jobs and log groups, which the worker may not', async () => {
    await createJob('msp-worker', 'music_streaming_listed');
    const { JobNames } = await as('msp-operator').glue.send(new ListJobsCommand({}));
    expect(JobNames).toContain('music_streaming_listed');
    const { Jobs = [] } = await as('msp-operator').glue.send(new GetJobsCommand({}));
    expect(Jobs.map(({ Name }) => Name)).toEqual(JobNames);
    const groups = new DescribeLogGroupsCommand({ logGroupNamePrefix: '/aws-glue/jobs' });
    const { logGroups = [] } = await as('msp-operator').logs.send(groups);
    expect(logGroups.map(({ logGroupName }) => logGroupName).sort()).toEqual([
      '/aws-glue/jobs/error',
      '/aws-glue/jobs/output',
    ]);
    const { glue, logs } = as('msp-worker');
    await expect(glue.send(new ListJobsCommand({}))).rejects.toMatchObject(refused);
    await expect(glue.send(new GetJobsCommand({}))).rejects.toMatchObject(refused);
    await expect(logs.send(groups)).rejects.toMatchObject(refused);
  });
  it("reads the jobs' logs, no others, and makes none", async () => {
    const { logs } = as('msp-operator');
    const events = (logGroupName: string): Promise<unknown> =>
      logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: 'jr_1' }));
    await expect(events('/aws-glue/jobs/output')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await expect(events('/payroll')).rejects.toMatchObject(refused);
    const create = new CreateLogGroupCommand({ logGroupName: '/aws-glue/jobs/other' });
    await expect(logs.send(create)).rejects.toMatchObject(refused);
  });
});
