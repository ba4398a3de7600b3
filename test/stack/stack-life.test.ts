/** A local stack's life: beside another, killed in part, stopped and started again, and starts that can't succeed. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PipelineClient } from '../../client/pipeline-client.ts';
import { StackError } from '../../local/stack/errors.ts';
import { StackFolder } from '../../local/stack/folder.ts';
import { endpointsOf, freePortBase, portsFrom } from '../../local/stack/ports.ts';
import { isAlive } from '../../local/stack/processes.ts';
import { startStack, type RunningStack } from '../../local/stack/start.ts';
import { stackStatus } from '../../local/stack/status.ts';
import { stopStack } from '../../local/stack/stop.ts';
import { readToolchain } from '../../local/stack/toolchain.ts';
import { wholeStackLimit } from '../support/suites/whole-stack.ts';
import { until } from '../support/until.ts';

wholeStackLimit();

const { MSP_SETUP_DIR } = process.env;
const tools: Record<string, string> = MSP_SETUP_DIR === undefined ? {} : { MSP_SETUP_DIR };

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'msp-stack-life-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const start = async (
  name: string,
  environment: Record<string, string> = {},
  portBase?: number,
): Promise<RunningStack> =>
  await startStack({
    dir: join(root, name),
    portBase: portBase ?? (await freePortBase()),
    environment: { ...tools, ...environment },
  });

async function withClient<T>(
  environment: Readonly<Record<string, string>>,
  work: (client: PipelineClient) => Promise<T>,
): Promise<T> {
  const client = PipelineClient.connect({ environment, attempts: 2 });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

describe('two stacks side by side', () => {
  let [first, second]: RunningStack[] = [];

  beforeAll(async () => {
    const pipeline = { MSP_PIPELINE: 'second', MSP_BUCKET: 'second-bucket', MSP_TABLE: 'second_kpis' };
    [first, second] = await Promise.all([start('first'), start('second', pipeline)]);
  });
  afterAll(async () => {
    await Promise.all([stopStack(join(root, 'first')), stopStack(join(root, 'second'))]);
  });

  const both = (): [RunningStack, RunningStack] => {
    if (first === undefined || second === undefined) throw new Error('the stacks did not start');
    return [first, second];
  };

  it('each has its own pipeline', async () => {
    const [one, other] = both();
    const status = await stackStatus(other.folder.root);
    expect(status.parts.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'temporal ready',
      'aws ready',
      'glue ready',
      'worker ready',
    ]);
    expect(status.state).toBe('running');
    expect(other.environment.worker).toMatchObject({
      MSP_BUCKET: 'second-bucket',
      MSP_TASK_QUEUE: 'second',
    });
    const tables = await Promise.all(
      [one, other].map(({ environment }) =>
        withClient(environment.operator, async (client) => (await client.kpis.describe()).name),
      ),
    );
    expect(tables).toEqual(['music_streaming_kpis', 'second_kpis']);
  });

  it('keys of one open nothing in the other', async () => {
    const [one, other] = both();
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = one.environment.operator;
    const foreign = { ...other.environment.operator, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
    await expect(withClient(foreign, (client) => client.kpis.describe())).rejects.toThrow();
  });

  it('keys are for their owner alone to read', () => {
    const { folder } = both()[0];
    for (const file of [folder.credentialsFile, folder.environmentFile]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
  });

  it('starting one that runs changes nothing', async () => {
    const [one] = both();
    const again = await start('first', {}, one.stack.portBase);
    expect(again).toMatchObject({ wasRunning: true, stack: { processes: one.stack.processes } });
  });

  it('ports that are taken are named, with what they are for', async () => {
    const { portBase } = both()[0].stack;
    const refusal = await start('third', {}, portBase + 2).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StackError);
    expect(refusal).toMatchObject({
      message: expect.stringContaining(
        `${portBase + 2} (for Temporal), ${portBase + 3} (for the Temporal UI)`,
      ),
      advice: expect.stringContaining('--port-base'),
    });
    expect(await stackStatus(join(root, 'third'))).toMatchObject({ state: 'stopped' });
  });

  it('a part that was killed is reported, and is back after the next start', async () => {
    const { folder, stack } = both()[1];
    const { worker } = stack.processes;
    if (worker === undefined) throw new Error('no worker');
    process.kill(worker.pid, 'SIGKILL');
    await until('the worker is gone', () => !isAlive(worker));
    const status = await stackStatus(folder.root);
    expect(status.state).toBe('impaired');
    expect(status.parts.find(({ name }) => name === 'worker')).toMatchObject({
      state: 'gone',
      problem: expect.stringContaining(String(worker.pid)),
    });

    const healed = await start('second', { MSP_BUCKET: 'second-bucket' }, stack.portBase);
    expect(healed.wasRunning).toBe(false);
    expect(await stackStatus(folder.root)).toMatchObject({ state: 'running' });
  });
});

it('a stack that was stopped has its state when it starts again', async () => {
  const before = await start('restarted');
  const file = join(root, 'plays.csv');
  writeFileSync(file, 'user_id,track_id,listen_time\n');
  const { workflowId } = await withClient(before.environment.operator, async (client) => {
    await client.deliver(file);
    return await client.runs.start({}, 'kept');
  });

  expect(await stopStack(before.folder.root)).toBe(true);
  expect(Object.values(before.stack.processes).filter(isAlive)).toEqual([]);
  expect(await stackStatus(before.folder.root)).toMatchObject({ state: 'stopped' });
  expect(await stopStack(before.folder.root)).toBe(false);

  const after = await start('restarted');
  expect(after.environment.operator['AWS_ACCESS_KEY_ID']).toBe(
    before.environment.operator['AWS_ACCESS_KEY_ID'],
  );
  await withClient(after.environment.operator, async (client) => {
    expect(await client.bucket.text('streams/plays.csv')).toContain('track_id');
    expect((await client.runs.find(workflowId)).workflowId).toBe('kept');
    expect(await client.kpis.describe()).toMatchObject({ status: 'ACTIVE' });
  });
  await stopStack(after.folder.root);
});

it('a start that fails says which part and why, and leaves nothing running', async () => {
  const setUp = mkdtempSync(join(root, 'broken-tools-'));
  const { file } = readToolchain({ ...process.env, ...tools });
  const program = join(setUp, 'ministack');
  writeFileSync(program, '#!/bin/sh\necho the disk is on fire >&2\nexit 3\n', { mode: 0o755 });
  const toolchain = { ...(JSON.parse(readFileSync(file, 'utf8')) as object), ministack: program };
  writeFileSync(join(setUp, 'toolchain.json'), JSON.stringify(toolchain));

  const failure = await start('broken', { MSP_SETUP_DIR: setUp }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    name: 'StackError',
    message: expect.stringMatching(/MiniStack .* ended with exit code 3[^]*the disk is on fire/),
    advice: expect.stringContaining('aws.log'),
  });
  expect(await stackStatus(join(root, 'broken'))).toMatchObject({ state: 'stopped', parts: [] });
});

it('a process that got the number of one of ours is left alone', async () => {
  const folder = new StackFolder(join(root, 'recycled'));
  folder.make();
  const notOurs = { pid: process.pid, startedAt: 'another boot/1', logFile: join(folder.logs, 'aws.log') };
  const portBase = await freePortBase();
  const endpoints = endpointsOf(portsFrom(portBase));
  const startedAt = new Date().toISOString();
  folder.writeStack({ version: 1, portBase, startedAt, processes: { aws: notOurs }, endpoints });

  expect((await stackStatus(folder.root)).parts.find(({ name }) => name === 'aws')?.state).toBe('gone');
  // This process is the one that would be ended.
  expect(await stopStack(folder.root)).toBe(true);
});
