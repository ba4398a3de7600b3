/**
 * Starts a stack: Temporal and MiniStack at once, then what lies in the account, then local Glue and the worker. When a
 * part does not get ready, those that were started are stopped again. Started where one has stopped, it has its state.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment, Settings } from '../../pipeline/settings.ts';
import { withClaim } from './claim.ts';
import {
  environmentsOf,
  glueEnvironment,
  ignoredBy,
  settingsOf,
  temporalConfiguration,
} from './environments.ts';
import { StackError } from './errors.ts';
import { StackFolder, type EnvironmentFile, type StackFile } from './folder.ts';
import { awsPart, gluePart, temporalPart, workerPart, type Part, type Site } from './parts.ts';
import { DEFAULT_PORT_BASE, endpointsOf, HOST, portsFrom, requireFree } from './ports.ts';
import { isAlive, StartedProcess, tailOf } from './processes.ts';
import { probeOf } from './probes.ts';
import { provision, type Provisioned } from './provision/provision.ts';
import { regionFor } from './region.ts';
import { endAll } from './stop.ts';
import { readToolchain } from './toolchain.ts';

export interface StartOptions {
  /** Folder of all that the stack keeps. */
  readonly dir: string;
  /** First of six ports; 7233 when not given. */
  readonly portBase?: number;
  /** `MSP_…` variables are settings of the pipeline and handed on to the worker; `AWS_REGION` is the region of a new stack. */
  readonly environment?: Environment;
  /** Whether local Glue takes faults; for tests. */
  readonly allowFaults?: boolean;
  /** Gives the start up; what was started is stopped again. */
  readonly signal?: AbortSignal;
}

/** What a person watching the start is told; `seconds` since its beginning. */
export interface StartProgress {
  readonly what: string;
  readonly state: 'starting' | 'ready';
  readonly seconds: number;
}

export interface RunningStack {
  readonly folder: StackFolder;
  readonly stack: StackFile;
  readonly environment: EnvironmentFile;
  /** Nothing was done: it ran already. */
  readonly wasRunning: boolean;
  /** Variables that say something else than what the stack was started with, and that it goes on without. */
  readonly ignored: readonly string[];
}

/** Between two looks at a part that is not ready; a tenth of what the quickest needs. */
const LOOK_MILLISECONDS = 100;

/**
 * @throws StackError when a port is taken, the tools are not set up, a part does not get ready
 * @throws SettingsError for a wrong `MSP_…` variable
 */
export async function startStack(
  options: StartOptions,
  onProgress: (progress: StartProgress) => void = () => undefined,
): Promise<RunningStack> {
  const folder = new StackFolder(options.dir);
  return await withClaim(folder, async () => {
    const running = folder.readStack();
    const environment = folder.readEnvironment();
    if (
      running !== undefined &&
      environment !== undefined &&
      Object.values(running.processes).every(isAlive)
    ) {
      requireSamePlace(running, options);
      const ignored = ignoredBy(environment, options.environment ?? process.env);
      return { folder, stack: running, environment, wasRunning: true, ignored };
    }
    // Some parts are gone: keys or addresses of the others may not fit any more.
    if (running !== undefined) await endAll(folder, running);
    const start = new Start(folder, options, onProgress);
    return await start.run();
  });
}

function requireSamePlace(running: StackFile, { portBase }: StartOptions): void {
  if (portBase === undefined || portBase === running.portBase) return;
  throw new StackError(
    `A stack runs from this folder already, with ports from ${running.portBase}.`,
    'Stop it first to move it, or give the second one a folder of its own with --dir.',
  );
}

class Start {
  readonly #folder: StackFolder;
  readonly #options: StartOptions;
  readonly #onProgress: (progress: StartProgress) => void;
  readonly #began = Date.now();
  readonly #giveUp = new AbortController();
  readonly #signal: AbortSignal;
  readonly #settings: Settings;
  readonly #variables: Record<string, string>;
  #stack: StackFile;

  constructor(folder: StackFolder, options: StartOptions, onProgress: (progress: StartProgress) => void) {
    const portBase = options.portBase ?? DEFAULT_PORT_BASE;
    this.#folder = folder;
    this.#options = options;
    this.#onProgress = onProgress;
    this.#signal = AbortSignal.any([
      this.#giveUp.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    const { settings, variables } = settingsOf(options.environment ?? process.env);
    this.#settings = settings;
    this.#variables = variables;
    this.#stack = {
      version: 1,
      portBase,
      startedAt: new Date().toISOString(),
      processes: {},
      endpoints: endpointsOf(portsFrom(portBase)),
    };
  }

  async run(): Promise<RunningStack> {
    const caller = this.#options.environment ?? process.env;
    const settings = this.#settings;
    const ports = portsFrom(this.#stack.portBase);
    const region = regionFor(this.#folder, caller);
    const site: Site = { folder: this.#folder, ports, region, toolchain: readToolchain(caller) };
    await requireFree(ports);
    this.#folder.make();
    this.#folder.writeRegion(region);
    const { endpoints } = this.#stack;
    writeFileSync(this.#folder.temporalConfiguration, temporalConfiguration(endpoints));

    try {
      await this.#startAll([temporalPart(site), awsPart(site)]);

      const provisioned = await this.#step('account', () =>
        provision({
          settings,
          region,
          endpoint: endpoints.aws,
          knownKeys: this.#folder.readCredentials(),
        }),
      );
      this.#keepKeys(provisioned);
      const environment = environmentsOf({
        folder: this.#folder,
        endpoints,
        region,
        settings,
        variables: this.#variables,
        provisioned,
        metricsAddress: `${HOST}:${ports.workerMetrics}`,
      });
      const glue = glueEnvironment(endpoints, region, provisioned.localGlue);
      const { allowFaults = false } = this.#options;
      await this.#startAll([gluePart(site, glue, { allowFaults }), workerPart(environment.worker)]);
      this.#folder.writeEnvironment(environment);
      return { folder: this.#folder, stack: this.#stack, environment, wasRunning: false, ignored: [] };
    } catch (error) {
      await endAll(this.#folder, this.#stack);
      throw error;
    }
  }

  /** Starts parts beside each other. When one fails, the others are waited for no longer. */
  async #startAll(parts: readonly Part[]): Promise<void> {
    const started = parts.map((part) =>
      this.#start(part).catch((error: unknown) => {
        this.#giveUp.abort(error);
        throw error;
      }),
    );
    // All have to settle: a process that was still being started would not be among those that are stopped.
    await Promise.allSettled(started);
    await Promise.all(started);
  }

  /** Starts a part and waits until it is ready. */
  async #start(part: Part): Promise<void> {
    await this.#step(part.title, async () => {
      const logFile = join(this.#folder.logs, `${part.name}.log`);
      const process = await StartedProcess.start(part.command, logFile);
      // Written at once: whoever stops a stack whose start was killed has to know what it had started.
      this.#stack = {
        ...this.#stack,
        processes: { ...this.#stack.processes, [part.name]: process.record },
      };
      this.#folder.writeStack(this.#stack);
      await this.#untilReady(part, process);
    });
  }

  async #untilReady(part: Part, process: StartedProcess): Promise<void> {
    const { endpoints } = this.#stack;
    const { pid } = process.record;
    const probe = probeOf({ name: part.name, endpoints, taskQueue: this.#settings.taskQueue, pid });
    const deadline = Date.now() + part.readyWithinMilliseconds;
    for (;;) {
      this.#signal.throwIfAborted();
      const missing = await probe();
      if (missing === undefined && process.end === undefined) return;
      const seconds = part.readyWithinMilliseconds / 1000;
      const problem =
        process.end ??
        (Date.now() > deadline ? `is not ready after ${seconds} s: ${missing ?? ''}` : undefined);
      if (problem !== undefined) throw failedPart(part, problem, process.record.logFile);
      await sleep(LOOK_MILLISECONDS);
    }
  }

  async #step<T>(what: string, work: () => Promise<T>): Promise<T> {
    const report = (state: StartProgress['state']): void => {
      this.#onProgress({ what, state, seconds: (Date.now() - this.#began) / 1000 });
    };
    this.#signal.throwIfAborted();
    report('starting');
    const result = await work();
    report('ready');
    return result;
  }

  #keepKeys({ worker, operator, localGlue }: Provisioned): void {
    this.#folder.writeCredentials([worker, operator, localGlue]);
  }
}

function failedPart({ title }: Part, problem: string, logFile: string): StackError {
  const tail = tailOf(logFile);
  return new StackError(
    `${title} ${problem}${tail === '' ? '' : `\n\nThe end of its log:\n${tail}\n`}`,
    `All of its log: ${logFile}`,
  );
}
