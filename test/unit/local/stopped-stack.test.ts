import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { startOf } from '../../../local/glue/processes.ts';
import { StackFolder } from '../../../local/stack/folder.ts';
import { endpointsOf, portsFrom } from '../../../local/stack/ports.ts';
import { stopStack } from '../../../local/stack/stop.ts';

let folder: StackFolder;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = new StackFolder(mkdtempSync(join(tmpdir(), 'msp-stopped-')));
  folder.make();
  mkdirSync(join(folder.glue, 'runs'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder.root, { recursive: true });
});

async function runProcess(id: string, state: string, startedAt?: string): Promise<ChildProcess> {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  const { pid = 0 } = child;
  const record = {
    run: { Id: id, JobRunState: state },
    processGroup: { id: pid, startedAt: startedAt ?? startOf(pid) },
  };
  writeFileSync(join(folder.glue, 'runs', `${id}.json`), JSON.stringify(record));
  return child;
}

it('a stack whose local Glue was killed is stopped with the processes of its jobs, and with no others', async () => {
  const running = await runProcess('jr_1', 'RUNNING');
  const stopping = await runProcess('jr_2', 'STOPPING');
  const another = await runProcess('jr_3', 'RUNNING', 'another boot/1');
  const unreadable = join(folder.glue, 'runs', 'jr_4.json');
  writeFileSync(unreadable, '{');
  const glue = { pid: process.pid, startedAt: 'another boot/1', logFile: join(folder.logs, 'glue.log') };
  folder.writeStack({
    version: 1,
    portBase: 7233,
    startedAt: new Date().toISOString(),
    processes: { glue },
    endpoints: endpointsOf(portsFrom(7233)),
  });

  expect(await stopStack(folder.root)).toBe(true);

  expect(startOf(running.pid ?? 0)).toBeUndefined();
  expect(startOf(stopping.pid ?? 0)).toBeUndefined();
  expect(startOf(another.pid ?? 0)).toBeDefined();
});
