/**
 * The local Glue with its real surroundings: Spark, S3, STS, IAM and Logs. A script that reads and writes S3 does it with
 * its job's role, and fails where that role has no right.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateJobCommand,
  GetJobRunCommand,
  GetJobsCommand,
  GlueClient,
  StartJobRunCommand,
  type JobRun,
} from '@aws-sdk/client-glue';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import { parseOptions } from '../../local/glue/options.ts';
import { startLocalGlue, type LocalGlue } from '../../local/glue/server.ts';
import { REGION, ROOT_KEY, startMiniStack, type MiniStack } from '../support/stack/ministack.ts';
import { toolchain } from '../support/stack/toolchain.ts';

// Each job run starts a Spark: ten seconds alone, several times that beside other tests.
jest.setTimeout(90_000);

const BUCKET = 'local-glue-test';
const JOB = 'music-etl';

/** Reads a CSV file through S3A, writes Parquet, uses a module given beside it, and says what it saw. */
const SCRIPT = `\
import sys
from pathlib import Path
import helper
from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession

arguments = getResolvedOptions(sys.argv, ["JOB_NAME", "source", "target"])
spark = SparkSession.builder.appName(arguments["JOB_NAME"]).getOrCreate()
plays = spark.read.option("header", True).csv(arguments["source"])
print("run", arguments["JOB_RUN_ID"])
plays.write.parquet(arguments["target"])
print(helper.describe(plays.count()))
maps = Path(f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}/maps")
print("without an archive", maps.exists() and "/spark.jsa" not in maps.read_text())
print("partitions", spark.conf.get("spark.sql.shuffle.partitions"))
`;
const WRITE_LINE = 1 + SCRIPT.split('\n').findIndex((line) => line.startsWith('plays.write'));
const HELPER = 'def describe(count):\n    return f"{count} plays"\n';

// With a space, since people keep checkouts and stacks in such folders.
const folder = mkdtempSync(join(tmpdir(), 'local glue real-'));
const environment = { ...process.env };
let ministack: MiniStack;
let glue: LocalGlue;
let worker: GlueClient;

const at = (): { region: string; endpoint: string; credentials: typeof ROOT_KEY } => ({
  region: REGION,
  endpoint: ministack.endpoint,
  credentials: ROOT_KEY,
});

beforeAll(async () => {
  ministack = await startMiniStack();
  await putScripts();
  const keys = [await user('worker', ['glue:*', 'iam:PassRole']), await user('reader', ['glue:GetJobRun'])];
  await role('etl', [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`]);
  const credentials = join(folder, 'credentials.json');
  writeFileSync(credentials, JSON.stringify(keys));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: ministack.endpoint,
    AWS_ACCESS_KEY_ID: ROOT_KEY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ROOT_KEY.secretAccessKey,
  });
  const options = parseOptions({
    port: 0,
    dir: join(folder, 'glue'),
    region: REGION,
    toolchain: toolchain().file,
    credentials,
    authorise: true,
    allowFaults: true,
    driverMemory: '1g',
    logFlushMs: 200,
  });
  glue = await startLocalGlue(options, process.env, pino({ level: 'silent' }));
  worker = clientOf(keys[0]);
});

afterAll(async () => {
  worker.destroy();
  await glue.close();
  await ministack.close();
  process.env = environment;
  rmSync(folder, { recursive: true });
});

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly principalArn: string;
}

function clientOf(key: Key | undefined): GlueClient {
  if (key === undefined) throw new Error('there is no such user');
  return new GlueClient({ region: REGION, endpoint: glue.endpoint, credentials: key, maxAttempts: 1 });
}

async function putScripts(): Promise<void> {
  const s3 = new S3Client(at());
  await s3.send(
    new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: REGION } }),
  );
  const objects = {
    'scripts/etl.py': SCRIPT,
    'scripts/helper.py': HELPER,
    'in/plays.csv': 'user_id,track_id\n1,a\n2,b\n',
  };
  for (const [Key, Body] of Object.entries(objects))
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  s3.destroy();
}

async function user(UserName: string, actions: string[]): Promise<Key> {
  const iam = new IAMClient(at());
  const PolicyDocument = policy(actions, ['*']);
  const { User } = await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'rights', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  iam.destroy();
  return {
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    principalArn: User?.Arn ?? '',
  };
}

async function role(RoleName: string, s3Resources: string[]): Promise<void> {
  const iam = new IAMClient(at());
  const trust = { Effect: 'Allow', Principal: { Service: 'glue.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const rights: [string, string][] = [
    ['s3', policy(['s3:*'], s3Resources)],
    ['logs', policy(['logs:*'], ['*'])],
  ];
  for (const [PolicyName, PolicyDocument] of rights) {
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
  }
  iam.destroy();
}

function policy(actions: string[], resources: string[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: resources }],
  });
}

async function ended(JobName: string, RunId: string): Promise<JobRun> {
  for (;;) {
    const { JobRun } = await worker.send(new GetJobRunCommand({ JobName, RunId }));
    if (JobRun?.CompletedOn !== undefined) return JobRun;
    await sleep(200);
  }
}

async function run(target: string): Promise<JobRun> {
  const Arguments = { '--source': `s3://${BUCKET}/in/`, '--target': target };
  const { JobRunId = '' } = await worker.send(new StartJobRunCommand({ JobName: JOB, Arguments }));
  return ended(JOB, JobRunId);
}

async function logged(group: string, logStreamName: string, wanted: string): Promise<string> {
  const logs = new CloudWatchLogsClient(at());
  try {
    for (let look = 0; look < 50; look += 1) {
      const request = { logGroupName: `/aws-glue/jobs/${group}`, logStreamName, startFromHead: true };
      const { events = [] } = await logs.send(new GetLogEventsCommand(request)).catch(() => ({ events: [] }));
      const text = events.map((event) => event.message).join('\n');
      if (text.includes(wanted)) return text;
      await sleep(100);
    }
    throw new Error(`"${wanted}" is not in the log`);
  } finally {
    logs.destroy();
  }
}

describe('with real Spark', () => {
  it('a script reads and writes S3 with the keys of its role, and its output is in the log', async () => {
    await worker.send(
      new CreateJobCommand({
        Name: JOB,
        Role: 'etl',
        Command: { Name: 'glueetl', ScriptLocation: `s3://${BUCKET}/scripts/etl.py`, PythonVersion: '3' },
        DefaultArguments: {
          '--extra-py-files': `s3://${BUCKET}/scripts/helper.py`,
          '--conf': 'spark.sql.shuffle.partitions=3 --conf spark.sql.ansi.enabled=false',
        },
      }),
    );
    const done = await run(`s3://${BUCKET}/out/`);
    expect(done.ErrorMessage).toBeUndefined();
    expect(done.JobRunState).toBe('SUCCEEDED');
    const output = await logged('output', done.Id ?? '', 'partitions');
    expect(output.split('\n')).toEqual([
      `run ${done.Id ?? ''}`,
      '2 plays',
      'without an archive False',
      'partitions 3',
    ]);
    await logged('error', done.Id ?? '', 'Running Spark version 3.5');
    const s3 = new S3Client(at());
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'out/' }));
    s3.destroy();
    expect(Contents.map((object) => object.Key)).toContainEqual(expect.stringMatching(/\.parquet$/));
  });

  it('a script is refused what its role has no right to', async () => {
    const done = await run('s3://somebody-elses-bucket/out/');
    expect(done.JobRunState).toBe('FAILED');
    expect(done.ErrorMessage).toMatch(/AccessDenied|Forbidden|403/);
  });

  it('a failure at a given line is that of the real script, with its own traceback', async () => {
    const failAt = { file: 'etl.py', line: WRITE_LINE, error: 'MemoryError', message: 'injected' };
    const faults = [{ kind: 'run', job: JOB, times: 1, failAt }];
    await fetch(`${glue.endpoint}/_local/faults`, { method: 'POST', body: JSON.stringify({ faults }) });
    const done = await run(`s3://${BUCKET}/never/`);
    expect(done).toMatchObject({ JobRunState: 'FAILED', ErrorMessage: 'MemoryError: injected' });
    const output = await logged('output', done.Id ?? '', 'MemoryError');
    expect(output).toContain(`run ${done.Id ?? ''}`);
    expect(output).toContain(`line ${WRITE_LINE}, in <module>`);
  });
});

describe('with IAM', () => {
  it('a caller may do what its policies allow and nothing else', async () => {
    const key = await user('limited', ['glue:GetJobRun']);
    writeFileSync(join(folder, 'credentials.json'), JSON.stringify([key]));
    const limited = clientOf(key);
    const refused = limited.send(new StartJobRunCommand({ JobName: JOB }));
    await expect(refused).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(
        /^User: arn:aws:iam::000000000000:user\/limited is not authorized to perform: glue:StartJobRun on resource: arn:aws:glue:eu-west-1:000000000000:job\/music-etl/,
      ),
    });
    await expect(limited.send(new GetJobsCommand({}))).rejects.toThrow(/glue:GetJobs on resource: \*/);
    const unknown = limited.send(new GetJobRunCommand({ JobName: JOB, RunId: 'jr_none' }));
    await expect(unknown).rejects.toMatchObject({ name: 'EntityNotFoundException' });
    limited.destroy();
  });

  it('a job is not defined with a role that the caller may not pass', async () => {
    const key = await user('definer', ['glue:*']);
    writeFileSync(join(folder, 'credentials.json'), JSON.stringify([key]));
    const definer = clientOf(key);
    const Command = { Name: 'glueetl', ScriptLocation: `s3://${BUCKET}/scripts/etl.py` };
    const refused = definer.send(new CreateJobCommand({ Name: 'own', Role: 'etl', Command }));
    await expect(refused).rejects.toThrow(/iam:PassRole on resource: arn:aws:iam::000000000000:role\/etl/);
    definer.destroy();
  });
});
