/** How a stack is: each part's process, and whether it answers. */
import { PART_NAMES, StackFolder, type Endpoints, type PartName, type StackFile } from './folder.ts';
import { TITLES } from './parts.ts';
import { problemOf } from './probes.ts';
import { isAlive } from './processes.ts';

export interface PartStatus {
  readonly name: PartName;
  readonly title: string;
  /** `gone`: the process has ended. `not answering`: it lives, and does not do its work. */
  readonly state: 'ready' | 'not answering' | 'gone';
  /** Why it is not ready. */
  readonly problem?: string;
  readonly pid?: number;
  readonly logFile?: string;
}

export interface StackStatus {
  readonly dir: string;
  readonly state: 'running' | 'impaired' | 'stopped';
  readonly portBase?: number;
  readonly startedAt?: string;
  readonly endpoints?: Endpoints;
  readonly parts: readonly PartStatus[];
}

export async function stackStatus(dir: string): Promise<StackStatus> {
  const folder = new StackFolder(dir);
  const stack = folder.readStack();
  if (stack === undefined) return { dir: folder.root, state: 'stopped', parts: [] };
  const taskQueue = folder.readEnvironment()?.worker['MSP_TASK_QUEUE'] ?? '';
  const parts = await Promise.all(PART_NAMES.map((name) => statusOf(name, stack, taskQueue)));
  const { portBase, startedAt, endpoints } = stack;
  const isRunning = parts.every((part) => part.state === 'ready');
  return {
    dir: folder.root,
    state: isRunning ? 'running' : 'impaired',
    portBase,
    startedAt,
    endpoints,
    parts,
  };
}

async function statusOf(name: PartName, stack: StackFile, taskQueue: string): Promise<PartStatus> {
  const title = TITLES[name];
  const process = stack.processes[name];
  if (process === undefined) return { name, title, state: 'gone', problem: 'was never started' };
  const { pid, logFile } = process;
  const known = { name, title, pid, logFile };
  if (!isAlive(process)) return { ...known, state: 'gone', problem: `process ${pid} has ended; see its log` };
  const problem = await problemOf({ name, endpoints: stack.endpoints, taskQueue, pid });
  return problem === undefined ? { ...known, state: 'ready' } : { ...known, state: 'not answering', problem };
}
