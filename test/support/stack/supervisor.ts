/** Starts the Temporal server and the local Glue of a stack again as soon as one is gone, as whoever operates them would. */
import { temporalPart, gluePart } from '../../../local/stack/parts.ts';
import type { Part } from '../../../local/stack/parts.ts';
import { glueEnvironment } from '../../../local/stack/environments.ts';
import { portsFrom } from '../../../local/stack/ports.ts';
import { problemOf } from '../../../local/stack/probes.ts';
import { isAlive, StartedProcess } from '../../../local/stack/processes.ts';
import { until } from '../until.ts';
import type { PipelineStack } from './pipeline-stack.ts';

export type Supervised = 'temporal' | 'glue';

/** Between two looks: a service manager notices the end of a process at once. */
const LOOK_MS = 100;

const REGION = 'eu-west-1';

export class Supervisor {
  readonly #stack: PipelineStack;
  readonly #onRestart: (part: Supervised) => Promise<void>;
  readonly #over = new AbortController();
  readonly #watching: Promise<void>;

  /** @param onRestart told when a part answers again; local Glue has forgotten its faults then */
  constructor(
    stack: PipelineStack,
    onRestart: (part: Supervised) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#stack = stack;
    this.#onRestart = onRestart;
    this.#watching = this.#watch();
    // Heard when it is awaited; what waits for the part that does not come back fails first.
    this.#watching.catch(() => undefined);
  }

  /**
   * Returns when nothing is being started any more.
   * @throws Error when a part has not come back
   */
  async stop(): Promise<void> {
    this.#over.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#over.signal.aborted) {
      for (const name of ['temporal', 'glue'] as const) {
        const known = this.#stack.running.folder.readStack()?.processes[name];
        if (known !== undefined && !isAlive(known)) await this.#startAgain(name);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #startAgain(name: Supervised): Promise<void> {
    const { folder, stack } = this.#stack.running;
    const { endpoints } = stack;
    const part = this.#part(name);
    const started = await StartedProcess.start(part.command, `${folder.logs}/${name}.log`);
    const now = folder.readStack() ?? stack;
    folder.writeStack({ ...now, processes: { ...now.processes, [name]: started.record } });
    const probed = { name, endpoints, taskQueue: '', pid: started.record.pid };
    const outcome = await until(
      `${name} is back`,
      async () => {
        if (!isAlive(started.record)) return 'killed';
        return (await problemOf(probed)) === undefined ? 'ready' : undefined;
      },
      part.readyWithinMilliseconds,
    );
    // One that is killed while it starts is started again at the next look.
    if (outcome === 'killed') return;
    await this.#onRestart(name).catch((error: unknown) => {
      if (isAlive(started.record)) throw error;
    });
  }

  #part(name: Supervised): Part {
    const { toolchain } = this.#stack;
    const { folder, stack } = this.#stack.running;
    const site = { folder, ports: portsFrom(stack.portBase), region: REGION, toolchain };
    if (name === 'temporal') return temporalPart(site);
    // The last of those that the account was given; see the start of a stack.
    const key = folder.readCredentials().at(-1);
    if (key === undefined) throw new Error('The stack has no keys');
    return gluePart(site, glueEnvironment(stack.endpoints, REGION, key), true);
  }
}
