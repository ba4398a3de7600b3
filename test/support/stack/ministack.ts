/** A MiniStack of a test's own, with IAM enforced, on a free port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { toolchain } from './toolchain.ts';

export interface MiniStack {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** What the server takes as the account's own key; it checks no signature of it, so only set-up uses it. */
export const ROOT_KEY = { accessKeyId: 'test', secretAccessKey: 'test' };
export const REGION = 'eu-west-1';

export async function startMiniStack(): Promise<MiniStack> {
  const port = await freePort();
  const child = spawn(toolchain().ministack, [], {
    env: {
      ...process.env,
      AUTH: 'true',
      MINISTACK_REGION: REGION,
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      PERSIST_STATE: '0',
    },
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await untilHealthy(`${endpoint}/_ministack/health`);
  return {
    endpoint,
    async close() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function untilHealthy(url: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await sleep(100);
  }
  throw new Error(`nothing answers at ${url}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}
