/**
 * Starts a stack: Temporal and MiniStack at once, then what lies in the account, then local Glue and the worker. When a
 * part does not get ready, those that were started are stopped again. Started where one has stopped, it has its state.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../../pipeline/settings.ts';
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
import { awsPart, gluePart, temporalPart, TITLES, workerPart, type Part, type Site } from './parts.ts';
import { DEFAULT_PORT_BASE, endpointsOf, HOST, portsFrom, requireFree } from './ports.ts';
import { isAlive, StartedProcess, tailOf } from './processes.ts';
import { problemOf } from './probes.ts';
import { provision } from './provision/provision.ts';
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
  const caller = options.environment ?? process.env;
  return await withClaim(folder, async () => {
    const running = folder.readStack();
    const environment = folder.readEnvironment();
    if (
      running !== undefined &&
      environment !== undefined &&
      Object.values(running.processes).every(isAlive)
    ) {
      requireSamePlace(running, options);
      const ignored = ignoredBy(environment, caller);
      return { folder, stack: running, environment, wasRunning: true, ignored };
    }
    // Some parts are gone: keys or addresses of the others may not fit any more.
    if (running !== undefined) await endAll(folder, running);
    return await new Start(folder, options, onProgress).run(caller, options.allowFaults === true);
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
  readonly #onProgress: (progress: StartProgress) => void;
  readonly #began = Date.now();
  readonly #giveUp = new AbortController();
  readonly #signal: AbortSignal;
  #stack: StackFile;

  constructor(
    folder: StackFolder,
    { portBase = DEFAULT_PORT_BASE, signal }: StartOptions,
    onProgress: (progress: StartProgress) => void,
  ) {
    this.#folder = folder;
    this.#onProgress = onProgress;
    this.#signal = AbortSignal.any([this.#giveUp.signal, ...(signal === undefined ? [] : [signal])]);
    const startedAt = new Date().toISOString();
    const endpoints = endpointsOf(portsFrom(portBase));
    this.#stack = { version: 1, portBase, startedAt, processes: {}, endpoints };
  }

  async run(caller: Environment, allowFaults: boolean): Promise<RunningStack> {
    const folder = this.#folder;
    const { settings, variables } = settingsOf(caller);
    const { taskQueue } = settings;
    const ports = portsFrom(this.#stack.portBase);
    const region = regionFor(folder, caller);
    const site: Site = { folder, ports, region, toolchain: readToolchain(caller) };
    await requireFree(ports);
    folder.make();
    folder.writeRegion(region);
    const { endpoints } = this.#stack;
    writeFileSync(folder.temporalConfiguration, temporalConfiguration(endpoints));

    try {
      await this.#startAll([temporalPart(site), awsPart(site)], taskQueue);

      const knownKeys = folder.readCredentials();
      const provisioned = await this.#step('account', () =>
        provision({ settings, region, endpoint: endpoints.aws, knownKeys }),
      );
      const { worker, operator, localGlue } = provisioned;
      folder.writeCredentials([worker, operator, localGlue]);
      const metricsAddress = `${HOST}:${ports.workerMetrics}`;
      const parts = { folder, endpoints, region, settings, variables, provisioned, metricsAddress };
      const environment = environmentsOf(parts);
      const glue = gluePart(site, glueEnvironment(endpoints, region, localGlue), allowFaults);
      await this.#startAll([glue, workerPart(environment.worker)], taskQueue);
      folder.writeEnvironment(environment);
      return { folder, stack: this.#stack, environment, wasRunning: false, ignored: [] };
    } catch (error) {
      await endAll(folder, this.#stack);
      throw error;
    }
  }

  /** Starts parts beside each other. When one fails, the others are waited for no longer. */
  async #startAll(parts: readonly Part[], taskQueue: string): Promise<void> {
    const started = parts.map((part) =>
      this.#start(part, taskQueue).catch((error: unknown) => {
        this.#giveUp.abort(error);
        throw error;
      }),
    );
    // All have to settle: a process that was still being started would not be among those that are stopped.
    await Promise.allSettled(started);
    await Promise.all(started);
  }

  /** Starts a part and waits until it is ready. */
  async #start(part: Part, taskQueue: string): Promise<void> {
    await this.#step(TITLES[part.name], async () => {
      const logFile = join(this.#folder.logs, `${part.name}.log`);
      const process = await StartedProcess.start(part.command, logFile);
      // Written at once: whoever stops a stack whose start was killed has to know what it had started.
      this.#stack = {
        ...this.#stack,
        processes: { ...this.#stack.processes, [part.name]: process.record },
      };
      this.#folder.writeStack(this.#stack);
      await this.#untilReady(part, process, taskQueue);
    });
  }

  async #untilReady(part: Part, process: StartedProcess, taskQueue: string): Promise<void> {
    const { endpoints } = this.#stack;
    const { pid } = process.record;
    const deadline = Date.now() + part.readyWithinMilliseconds;
    for (;;) {
      this.#signal.throwIfAborted();
      const missing = await problemOf({ name: part.name, endpoints, taskQueue, pid });
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
}

function failedPart({ name }: Part, problem: string, logFile: string): StackError {
  const tail = tailOf(logFile);
  return new StackError(
    `${TITLES[name]} ${problem}${tail === '' ? '' : `\n\nThe end of its log:\n${tail}\n`}`,
    `All of its log: ${logFile}`,
  );
}
