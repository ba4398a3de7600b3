/** A worker that can't work says why and ends: what supervises it starts it again or tells somebody. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import { z } from 'zod';
import { devServer } from '../support/suites/dev-server.ts';

/** Loading the sources takes some seconds, three times as many beside other tests; a worker that stays stays for ever. */
const END_MS = 30_000;

const lineSchema = z.object({ level: z.number(), msg: z.string() });
const FATAL = 60;

const server = devServer();

/** @returns how the worker ended and the last line of its log */
async function work(environment: Record<string, string>): Promise<{ code: unknown; message: string }> {
  const worker = spawn(
    process.execPath,
    ['--import', './test/support/runner/typescript.mjs', '--no-warnings', 'worker/main.ts'],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        AWS_REGION: 'eu-west-1',
        TEMPORAL_ADDRESS: server.env.address,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: END_MS,
      killSignal: 'SIGKILL',
    },
  );
  const [output, [code]] = await Promise.all([text(worker.stdout), once(worker, 'exit')]);
  const line = lineSchema.parse(JSON.parse(output.trimEnd().split('\n').at(-1) ?? ''));
  expect(line.level).toBe(FATAL);
  return { code, message: line.msg };
}

it.each([
  [{ TEMPORAL_PROFILE: 'nope' }, /Correct TEMPORAL_PROFILE=nope/],
  [{ TEMPORAL_TLS_CLIENT_CERT_PATH: '/nope' }, /Correct TEMPORAL_TLS_CLIENT_CERT_PATH=\/nope/],
  [{ TEMPORAL_NAMESPACE: 'nope' }, /no namespace nope.*TEMPORAL_NAMESPACE/],
  [{ TEMPORAL_ADDRESS: '127.0.0.1:1' }, /127\.0\.0\.1:1\b.*TEMPORAL_ADDRESS/],
  [{ MSP_DEPLOYMENT: 'a' }, /MSP_DEPLOYMENT=a.*MSP_BUILD_ID/],
  [{ MSP_LOG_LEVEL: 'verbose' }, /MSP_LOG_LEVEL="verbose"/],
])('a worker with %j ends with 1 and names it', async (environment, message) => {
  const ended = await work(environment);
  expect(ended).toEqual({ code: 1, message: expect.stringMatching(message) });
});

it('a worker whose metrics have no port names the address and its variable', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const ended = await work({ MSP_METRICS_ADDRESS: `127.0.0.1:${port}` });
  taken.close();
  expect(ended).toEqual({
    code: 1,
    message: expect.stringContaining(`MSP_METRICS_ADDRESS=127.0.0.1:${port}`),
  });
});
