/**
 * The parts of a stack: how each is started, when it counts as ready, and how long it may take to begin and to end.
 * None inherits the environment of whoever starts the stack, whose AWS or Temporal profiles would lead it elsewhere.
 */
import { SEARCH_ATTRIBUTES, SEARCH_ATTRIBUTE_TYPES as TYPES } from '../../pipeline/executions.ts';
import { HOST, type Ports } from './ports.ts';
import type { PartName, StackFolder } from './folder.ts';
import type { CommandLine } from './processes.ts';
import { NAMESPACE } from './probes.ts';
import { ROOT_KEY } from './provision/provision.ts';
import { builtProgram, type Toolchain } from './toolchain.ts';

export interface Part {
  readonly name: PartName;
  readonly command: CommandLine;
  readonly readyWithinMilliseconds: number;
}

/** What parts of one stack have in common. */
export interface Site {
  readonly folder: StackFolder;
  readonly ports: Ports;
  readonly region: string;
  readonly toolchain: Toolchain;
}

/** `PipelineDates=KeywordList`, as the server's command line takes it. */
function declared(attribute: keyof typeof TYPES): string {
  const words = TYPES[attribute].toLowerCase().split('_');
  return `${SEARCH_ATTRIBUTES[attribute]}=${words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')}`;
}

/** What people call each part. */
export const TITLES: Record<PartName, string> = {
  temporal: 'Temporal',
  aws: 'MiniStack (S3, DynamoDB, IAM, logs)',
  glue: 'local Glue',
  worker: 'worker',
};

/** How long each may take to end when it is asked to, before it is killed. */
export const STOP_MILLISECONDS: Record<PartName, number> = {
  // It closes its database within a second.
  temporal: 10_000,
  // It writes all of its state when it ends, and what is not written is lost: a second for an empty one, more for a large.
  aws: 60_000,
  // It ends its runs (5 s) and sends their last log lines (10 s).
  glue: 20_000,
  // Its own limit for activities that do not listen is 30 s.
  worker: 35_000,
};

/** Variables of the caller that programs need to find their files, and nothing that tells them whom to talk to. */
export function plainEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(kept),
    // Else each log begins with the SDK's notice of the Node versions that it will support next year.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}

/** By default a lone workflow waits up to 50 ms for each of its steps; nobody else's work is delayed here. */
export const PROMPT_SERVER = ['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=500'];

export function temporalPart({ folder, ports, toolchain }: Site): Part {
  const names = Object.keys(TYPES) as (keyof typeof TYPES)[];
  const attributes = names.flatMap((name) => ['--search-attribute', declared(name)]);
  return {
    name: 'temporal',
    command: {
      program: toolchain.temporal,
      words: [
        ...['server', 'start-dev', '--ip', HOST, '--ui-ip', HOST, '--log-level', 'warn'],
        ...['--port', String(ports.temporal), '--ui-port', String(ports.temporalUi)],
        ...['--metrics-port', String(ports.temporalMetrics), '--db-filename', folder.temporalDatabase],
        ...PROMPT_SERVER,
        ...['--namespace', NAMESPACE, '--ui-disable-news-fetch', ...attributes],
      ],
      environment: { ...plainEnvironment(), TEMPORAL_CONFIG_FILE: folder.temporalConfiguration },
    },
    // Two seconds on an idle machine; a first start makes its database, which a slow disk stretches.
    readyWithinMilliseconds: 60_000,
  };
}

/** Only what the pipeline uses is switched on; the rest of MiniStack would cost memory and start time. */
const AWS_SERVICES = ['s3', 'dynamodb', 'logs', 'monitoring', 'sts', 'iam', 'sns', 'ec2'];

export function awsPart({ folder, ports, region, toolchain }: Site): Part {
  return {
    name: 'aws',
    command: {
      program: toolchain.ministack,
      words: [],
      environment: {
        ...plainEnvironment(),
        // Every call is checked against IAM policies, apart from those of the account itself.
        AUTH: 'true',
        AWS_ACCESS_KEY_ID: ROOT_KEY.accessKeyId,
        AWS_SECRET_ACCESS_KEY: ROOT_KEY.secretAccessKey,
        BIND_HOST: HOST,
        MINISTACK_HOST: HOST,
        GATEWAY_PORT: String(ports.aws),
        // Must be the region of the buckets, or their objects are not found again after a kill.
        MINISTACK_REGION: region,
        SERVICES: AWS_SERVICES.join(','),
        PERSIST_STATE: '1',
        STATE_DIR: folder.awsState,
        S3_PERSIST: '1',
        S3_DATA_DIR: folder.awsObjects,
      },
    },
    // Half a second when Python's files are in memory; a cold disk reads some hundred modules.
    readyWithinMilliseconds: 60_000,
  };
}

/**
 * @param environment the identity that it acts as, and where the other services are
 * @param allowFaults take faults through its control address; for tests
 */
export function gluePart(
  { folder, ports, region, toolchain }: Site,
  environment: Readonly<Record<string, string>>,
  allowFaults: boolean,
): Part {
  return {
    name: 'glue',
    command: {
      program: process.execPath,
      words: [
        ...[builtProgram('local/glue/main.js'), '--port', String(ports.glue), '--host', HOST],
        ...['--dir', folder.glue, '--toolchain', toolchain.file, '--region', region],
        ...['--credentials', folder.credentialsFile, '--authorise'],
        ...(allowFaults ? ['--allow-faults'] : []),
      ],
      environment: { ...plainEnvironment(), ...environment },
    },
    // It answers in half a second; a large run history is read first.
    readyWithinMilliseconds: 30_000,
  };
}

export function workerPart(environment: Readonly<Record<string, string>>): Part {
  return {
    name: 'worker',
    command: {
      program: process.execPath,
      words: [builtProgram('worker/main.js')],
      environment: { ...plainEnvironment(), ...environment },
    },
    // A few seconds for the workflow bundle, more when all parts start at once on two cores.
    readyWithinMilliseconds: 60_000,
  };
}
