/** Who may speak at all: requests are signed, with keys that the stack has handed out. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateJobCommand, GetJobsCommand, GlueClient } from '@aws-sdk/client-glue';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toolchain } from '../support/stack/toolchain.ts';
import { startGlueUnderTest, type GlueUnderTest } from './support/glue-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'local-glue-keys-'));
const credentials = join(folder, 'credentials.json');
const principalArn = 'arn:aws:iam::000000000000:user/worker';
const worker = { accessKeyId: 'AKIAWORKER', secretAccessKey: 'worker-secret' };
const session = { accessKeyId: 'ASIASESSION', secretAccessKey: 'session-secret', sessionToken: 'token+/=' };
const ended = { ...session, accessKeyId: 'ASIAENDED' };
const keys = [worker, session, { ...ended, expiration: '2020-01-01T00:00:00Z' }];

let glue: GlueUnderTest;
beforeAll(async () => {
  writeKeys(keys);
  glue = await startGlueUnderTest({ credentials });
});
afterAll(async () => {
  await glue.close();
  rmSync(folder, { recursive: true });
});

function writeKeys(list: object[]): void {
  writeFileSync(credentials, JSON.stringify(list.map((key) => ({ ...key, principalArn }))));
}

interface Signer {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

async function asking(signer: Signer, region = 'eu-west-1', clockOffset = 0): Promise<unknown> {
  const client = new GlueClient({
    region,
    endpoint: glue.endpoint,
    credentials: signer,
    maxAttempts: 1,
    systemClockOffset: clockOffset,
  });
  try {
    return await client.send(new GetJobsCommand({ MaxResults: 5 }));
  } finally {
    client.destroy();
  }
}

describe('a request is heard when it is signed', () => {
  it('by a user', async () => {
    await expect(asking(worker)).resolves.toHaveProperty('Jobs');
  });

  it('by a role session with its token', async () => {
    await expect(asking(session)).resolves.toHaveProperty('Jobs');
  });

  it('by a user that came later', async () => {
    const later = { accessKeyId: 'AKIALATER', secretAccessKey: 'later-secret' };
    await expect(asking(later)).rejects.toThrow();
    writeKeys([...keys, later]);
    utimesSync(credentials, new Date(), new Date(Date.now() + 5000));
    await expect(asking(later)).resolves.toHaveProperty('Jobs');
  });

  it('with a body of any characters', async () => {
    const client = new GlueClient({ region: 'eu-west-1', endpoint: glue.endpoint, credentials: worker });
    const Command = { Name: 'glueetl', ScriptLocation: 's3://b/ä ö.py' };
    const created = await client.send(new CreateJobCommand({ Name: 'jöb %/+ 名', Role: 'r', Command }));
    expect(created.Name).toBe('jöb %/+ 名');
    client.destroy();
  });
});

describe('a request is refused', () => {
  it.each<[string, Signer, string, number, string]>([
    [
      'by an unknown key',
      { ...worker, accessKeyId: 'AKIANOBODY' },
      'eu-west-1',
      0,
      'UnrecognizedClientException',
    ],
    [
      'with a wrong secret',
      { ...worker, secretAccessKey: 'guess' },
      'eu-west-1',
      0,
      'InvalidSignatureException',
    ],
    [
      'without its session token',
      { ...session, sessionToken: 'other' },
      'eu-west-1',
      0,
      'UnrecognizedClientException',
    ],
    ['after the end of the session', ended, 'eu-west-1', 0, 'ExpiredTokenException'],
    ['for another region', worker, 'us-east-1', 0, 'InvalidSignatureException'],
    ['by a clock that is late', worker, 'eu-west-1', -10 * 60_000, 'InvalidSignatureException'],
    ['by a clock that is early', worker, 'eu-west-1', 10 * 60_000, 'InvalidSignatureException'],
  ])('%s', async (_, signer, region, clockOffset, name) => {
    await expect(asking(signer, region, clockOffset)).rejects.toMatchObject({ name });
  });

  it('without a signature', async () => {
    const headers = { 'x-amz-target': 'AWSGlue.GetJobs' };
    const answer = await fetch(glue.endpoint, { method: 'POST', headers, body: '{}' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
  });

  it('when its body was exchanged after it was signed', async () => {
    const headers: Record<string, string> = {};
    const client = new GlueClient({ region: 'eu-west-1', endpoint: glue.endpoint, credentials: worker });
    client.middlewareStack.add(
      (next) => (args) => {
        const { request } = args as { request: { headers: Record<string, string> } };
        Object.assign(headers, request.headers);
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    await client.send(new GetJobsCommand({ MaxResults: 1 }));
    client.destroy();
    delete headers['content-length'];
    delete headers['host'];
    const answer = await fetch(glue.endpoint, { method: 'POST', headers, body: '{"MaxResults":2}' });
    expect(await answer.json()).toMatchObject({ __type: 'InvalidSignatureException' });
  });
});

it('boto3 is understood as well', async () => {
  const script = `
import boto3, json, sys
glue = boto3.client("glue", region_name="eu-west-1", endpoint_url=sys.argv[1],
                    aws_access_key_id="AKIAWORKER", aws_secret_access_key="worker-secret")
glue.create_job(Name="from-boto3", Role="r", Command={"Name": "glueetl", "ScriptLocation": "s3://b/none.py"})
run = glue.start_job_run(JobName="from-boto3", Arguments={"--day": "2024-06-25"})["JobRunId"]
runs = [r["Id"] for page in glue.get_paginator("get_job_runs").paginate(JobName="from-boto3") for r in page["JobRuns"]]
try:
    glue.get_job(JobName="missing")
    code = None
except glue.exceptions.EntityNotFoundException as error:
    code = error.response["Error"]["Code"]
started = glue.get_job_run(JobName="from-boto3", RunId=run)["JobRun"]["StartedOn"].isoformat()
print(json.dumps({"run": run, "runs": runs, "code": code, "started": started}))
`;
  const { stdout } = await promisify(execFile)(toolchain().python, ['-c', script, glue.endpoint]);
  const answer = JSON.parse(stdout) as { run: string; runs: string[]; code: string; started: string };
  expect(answer.run).toMatch(/^jr_/);
  expect(answer.runs).toEqual([answer.run]);
  expect(answer.code).toBe('EntityNotFoundException');
  expect(Math.abs(Date.parse(answer.started) - Date.now())).toBeLessThan(60_000);
});
