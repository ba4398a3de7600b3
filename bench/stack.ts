/** A local stack for one benchmark. */
import { join } from 'node:path';
import { freePortBase } from '../local/stack/ports.ts';
import { startStack, type RunningStack } from '../local/stack/start.ts';
import { stopStack } from '../local/stack/stop.ts';
import { ending, interruption } from './interruption.ts';

/** @param folder of the benchmark, in which the stack gets its own */
export async function withStack<T>(folder: string, work: (stack: RunningStack) => Promise<T>): Promise<T> {
  const dir = join(folder, 'stack');
  const portBase = await freePortBase();
  // Settings are the default ones, whatever the shell has; only the tools may lie elsewhere.
  const { MSP_SETUP_DIR } = process.env;
  const starting = startStack({ dir, portBase, environment: { MSP_SETUP_DIR }, signal: interruption });
  const stop = async (): Promise<void> => {
    await starting.catch(() => undefined);
    await stopStack(dir);
  };
  return await ending(stop, async () => await work(await starting));
}
