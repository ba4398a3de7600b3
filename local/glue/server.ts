/**
 * The local Glue, put together: store, runs, the ways to execute them, and the HTTP server in front.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { effectiveArguments } from './arguments.ts';
import { iamAuthorisation } from './authorisation.ts';
import { claim } from './claim.ts';
import { CONTROL_PREFIX, controlEndpoint } from './control.ts';
import { Faults } from './faults.ts';
import { Jobs } from './jobs.ts';
import { Lifecycle, type ExecutionPlan } from './lifecycle.ts';
import { cloudWatchLogs, type OpenLogSink } from './logs.ts';
import type { RunRecord } from './model.ts';
import { glueOperations } from './operations.ts';
import type { Options } from './options.ts';
import { stsRoles, type Roles } from './role.ts';
import { automaticRetry, Runs } from './runs.ts';
import { openS3, type OpenObjectStore } from './s3.ts';
import { scriptExecutor } from './script-execution.ts';
import { scriptedExecutor } from './scripted-execution.ts';
import { signatureCheck } from './signature.ts';
import { Store } from './store.ts';
import { glueWire } from './wire.ts';

/** The AWS services behind the local Glue; those of the environment unless others are given. */
export interface Surroundings {
  readonly roles: Roles;
  readonly openObjectStore: OpenObjectStore;
  readonly openLogSink: OpenLogSink;
}

export interface LocalGlue {
  readonly endpoint: string;
  /** Ends all runs, sends their last log lines, and frees the port. */
  close(): Promise<void>;
}

/**
 * How long an idle connection is kept. Pollers come back every few seconds; a connection closed just as the next request
 * is sent looks to them like a lost answer.
 */
const KEEP_ALIVE_MILLISECONDS = 75_000;

/**
 * Starts the server; it answers when this returns.
 * @throws Error when another server has the folder, StoreError, and the system's error when the port is taken.
 */
export async function startLocalGlue(
  options: Options,
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
  surroundings: Partial<Surroundings> = {},
): Promise<LocalGlue> {
  const { region, account } = options;
  const now = Date.now;
  const {
    roles = stsRoles(region, account),
    openObjectStore = openS3(region),
    openLogSink = cloudWatchLogs(region, options.logFlushMs, logger),
  } = surroundings;

  mkdirSync(options.dir, { recursive: true });
  // Two servers on a folder would each end the other's runs and overwrite the other's records.
  const giveUpFolder = claim(join(options.dir, 'server.json'), (pid) => {
    const advice = 'Stop it, or start this one on another folder (--dir).';
    return new Error(`Process ${pid} is a local Glue on ${options.dir} already. ${advice}`);
  });
  // Work files of runs that an earlier server did not get to clean up after.
  const workFolder = join(options.dir, 'work');
  rmSync(workFolder, { recursive: true, force: true });
  mkdirSync(workFolder, { recursive: true });

  const store = new Store(options.dir, now());
  const faults = new Faults();
  const draining = new Set<Promise<void>>();
  const executeScript = scriptExecutor({
    launch: {
      toolchain: options.toolchain,
      region,
      endpoints: endpointsOf(environment),
      driverMemory: options.driverMemory,
      cores: options.coresPerRun,
    },
    roles,
    openObjectStore,
    openLogSink,
    workFolder,
    stopGraceMilliseconds: options.stopGraceMs,
    onDraining: (drained) => {
      draining.add(drained);
      void drained.finally(() => draining.delete(drained));
    },
  });
  const executeScripted = scriptedExecutor({ roles, openObjectStore });

  const plan = (record: RunRecord): ExecutionPlan => {
    const fault = faults.forRun(record.run.JobName, effectiveArguments(record.job, record.run));
    const { waitingMs, startingMs, stoppingMs } = fault ?? {};
    const holds = { waitingMs, startingMs, stoppingMs };
    if (fault?.end !== undefined) return { execute: executeScripted(fault.end), takesSlot: false, ...holds };
    return { execute: executeScript(fault?.failAt), takesSlot: true, ...holds };
  };
  const lifecycle = new Lifecycle(options, {
    ...{ store, plan, now, logger },
    retryOf: (failed) => automaticRetry(failed, store.nextSequence(), now()),
  });
  const jobs = new Jobs(store, now);
  const runs = new Runs(store, jobs, lifecycle, now);
  const iam = options.authorise ? iamAuthorisation(region) : undefined;
  const wire = glueWire({
    operations: glueOperations({ jobs, runs, region, account }),
    authenticate:
      options.credentials === undefined ? undefined : signatureCheck(options.credentials, region, now),
    authorise: iam?.authorise,
    faults,
    logger,
  });
  const control = controlEndpoint(options.allowFaults ? faults : undefined);

  await lifecycle.recover();
  const server = createServer((request, response) => {
    if (request.url?.startsWith(CONTROL_PREFIX) === true) control(request, response);
    else wire(request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MILLISECONDS;
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;

  return {
    endpoint: `http://${options.host}:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      await lifecycle.close();
      server.closeAllConnections();
      await Promise.all(draining);
      await closed;
      roles.close();
      giveUpFolder();
      iam?.close();
    },
  };
}

/** The endpoint variables, which scripts get too. */
function endpointsOf(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      /^AWS_ENDPOINT_URL(_|$)/.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );
}
