/**
 * Every setting of the pipeline: its name, default, limits and what it is for. Values come from environment variables
 * (`MSP_` and the name in capitals); the worker and the CLI read them through {@link parseSettings}. A run reads the
 * ones that it depends on once, at its start, and keeps them: a changed setting never changes a run in flight.
 */
import { z } from 'zod';
import { isTimeZone, parseCron } from './cron.ts';
import { ITEM_DAYS } from './declared/retention.ts';
import { stageOfScript } from './stages.ts';
import type { ScriptName } from './stages.ts';

/** A number as people write one; `Number` alone would take an empty text for 0, and hexadecimal digits. */
export const decimal = z
  .string()
  .regex(/^[+-]?(\d+\.?\d*|\.\d+)$/, 'expected a number')
  .transform(Number);
const positiveInt = decimal.pipe(z.number().int().positive());
const share = decimal.pipe(z.number().min(0).max(1));

const WORKER_TYPES = ['G.1X', 'G.2X', 'G.4X', 'G.8X', 'R.1X', 'R.2X', 'R.4X', 'R.8X'] as const;
export const workerTypeSchema = z.enum(WORKER_TYPES);
export type WorkerType = z.infer<typeof workerTypeSchema>;

const PARK_EXPIRIES = ['fail', 'stop', 'wait'] as const;

/** S3's own naming rule, so that a slip is named here and not as a failed call later. */
const bucketName = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'expected an S3 bucket name');

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const HIGHEST_PORT = 65_535;

/** What the Temporal SDK binds to; it resolves no names. */
function isSocketAddress(text: string): boolean {
  const [, version4, version6, port] = /^(?:([\d.]+)|\[([\da-f:.]+)\]):(\d+)$/i.exec(text) ?? [];
  const isAddress = z.ipv4().safeParse(version4).success || z.ipv6().safeParse(version6).success;
  return isAddress && Number(port) >= 1 && Number(port) <= HIGHEST_PORT;
}

/** As cron text: no schedule is declared. */
export const NO_SCHEDULE = 'none';

const cron = z.string().superRefine((text, context) => {
  if (text === NO_SCHEDULE) return;
  try {
    parseCron(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    context.addIssue({ code: 'custom', message: `${message}; or ${NO_SCHEDULE}` });
  }
});

const definitions = {
  pipeline: {
    schema: z
      .string()
      .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'expected lower-case letters, digits, hyphens and underscores'),
    default: 'music_streaming',
    about: 'Name of the pipeline: prefix of its Glue jobs, schedules and workflow ids.',
  },
  bucket: {
    schema: bucketName,
    default: 'music-streaming-analyses-bucket',
    about: 'Bucket of all data of the pipeline.',
  },
  table: {
    schema: z.string().regex(/^[A-Za-z0-9_.-]{3,255}$/, 'expected a DynamoDB table name'),
    default: 'music_streaming_kpis',
    about: 'DynamoDB table that the KPIs are loaded into.',
  },
  taskQueue: {
    schema: z.string().min(1),
    default: undefined,
    about: 'Temporal task queue; the name of the pipeline when not set.',
  },
  scheduleCron: {
    schema: cron,
    // Files of a day arrive until shortly after midnight; three hours leave room for the late ones.
    default: '0 3 * * *',
    about:
      'When the declared schedule starts a run: minute, hour, day of month, month and day of week, in numbers; none: no schedule is declared, and msp schedules apply removes it.',
  },
  scheduleTimezone: {
    schema: z.string().refine(isTimeZone, 'expected a time zone by its IANA name, as in Europe/Rome'),
    default: 'UTC',
    about: 'Time zone in which the cron text of the declared schedule is meant.',
  },
  glueRole: {
    schema: z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/, 'expected the ARN of an IAM role'),
    default: undefined,
    about:
      'Role that the Glue jobs run as. Needed by the worker, which gives it to the jobs that it creates.',
  },
  expectedAccount: {
    schema: z.string().regex(/^\d{12}$/, 'expected a 12-digit account id'),
    default: undefined,
    about: 'AWS account that the pipeline must run in; not checked when not set.',
  },
  workerType: { schema: workerTypeSchema, default: 'G.1X', about: 'Glue worker type of the jobs.' },
  numberOfWorkers: {
    schema: decimal.pipe(z.number().int().min(2).max(299)),
    default: '2',
    about: 'Glue workers of a job, the driver included (Glue wants at least 2).',
  },
  jobTimeoutMinutes: {
    schema: decimal.pipe(z.number().int().min(1).max(10_080)),
    default: '60',
    about:
      "Time limit of a Glue run in minutes; the real day needs one minute, Glue's own default of 480 hides a hang.",
  },
  maxConcurrentRuns: {
    schema: decimal.pipe(z.number().int().min(1).max(1000)),
    default: '4',
    about:
      'MaxConcurrentRuns of the Glue jobs that the worker creates: how many runs of the pipeline may be in the same stage at once. A job that is there keeps its own.',
  },
  gluePollSeconds: {
    schema: decimal.pipe(z.number().min(0.1).max(60)),
    default: '5',
    about: 'First interval between two looks at a Glue run; grows to four times this.',
  },
  maxFilesPerRun: {
    schema: decimal.pipe(z.number().int().min(1).max(1000)),
    default: '200',
    about: 'Inputs that one run takes; more are left to a next run.',
  },
  maxBytesPerRun: {
    schema: positiveInt,
    default: String(20 * 1024 ** 3),
    about: 'Bytes of input that one run takes; a single larger file is taken alone.',
  },
  maxUnpackedBytes: {
    schema: positiveInt,
    default: String(20 * 1024 ** 3),
    about:
      'Bytes that a compressed input may unpack to: as many as one run takes. A larger one is rejected whole; reference data fail.',
  },
  referenceMaxUnusableShare: {
    schema: share,
    default: '0.01',
    about:
      'Share of unusable rows of songs, or of users, above which the reference data are refused: a few rows that are incomplete pass, a file that is read wrong does not.',
  },
  gateMaxRejectedShare: {
    schema: share,
    default: '0.05',
    about:
      'Share of rejected rows above which the gate holds the run; rows of files that were rejected whole count.',
  },
  gateMaxReviewShare: {
    schema: share,
    default: '0.02',
    about: 'Share of rows under review above which the gate warns.',
  },
  gateMaxLostShare: {
    schema: share,
    default: '0.5',
    about:
      "Share of a day's plays that may stop counting, less what comes instead, before the gate holds the run; a day of ten plays or fewer is held when it would be emptied.",
  },
  gateMaxDayDistance: {
    schema: decimal.pipe(z.number().int().min(1).max(36_525)),
    default: '366',
    about:
      "Days from the run's median day (by rows) beyond which the gate warns of a day. A year covers late files and a backfill of last year's; placeholders for an unknown time are decades away.",
  },
  parkHours: {
    schema: decimal.pipe(
      z
        .number()
        .positive()
        .max(24 * 30),
    ),
    default: '72',
    about: 'How long a parked or held run waits for an operator; covers a long weekend.',
  },
  parkExpiry: {
    schema: z.enum(PARK_EXPIRIES),
    default: 'fail',
    about:
      'What happens to a parked or held run when nobody decides in time: it ends as failed (fail), is shut down (stop; msp recover run goes on with it), or waits on (wait). A procedure that waits ends (fail, stop) or waits on (wait).',
  },
  historySteps: {
    schema: decimal.pipe(z.number().int().min(5).max(1000)),
    default: '200',
    about:
      'Rounds of stages and commands after which a run moves to a new history; each takes up to 20 events, and Temporal ends a run at 51,200.',
  },
  shutdownWaitHours: {
    schema: decimal.pipe(
      z
        .number()
        .positive()
        .max(24 * 7),
    ),
    // Glue itself stops within a minute.
    default: '2',
    about:
      'Time after which an emergency shutdown ends incomplete, so that somebody looks why a run or a Glue run does not end.',
  },
  shutdownUnansweredMinutes: {
    schema: decimal.pipe(z.number().positive().max(60)),
    // Throttling and failing over pass within two or three minutes; a missing right or an outage does not.
    default: '5',
    about:
      'How long a step of an emergency shutdown may fail while nothing else is waited for; until it ends, nobody can undo it.',
  },
  retentionDays: {
    schema: positiveInt,
    default: String(ITEM_DAYS),
    about: 'Days after its publication at which an item of the table expires.',
  },
  maxWriteUnitsPerSecond: {
    schema: positiveInt,
    default: undefined,
    about: 'Cap on write units a second that a load may use; no cap when not set.',
  },
  metricsAddress: {
    schema: z
      .string()
      .refine(isSocketAddress, 'expected an IP address and a port from 1 to 65535, as in 127.0.0.1:7237'),
    default: undefined,
    about: 'IP address and port on which the worker serves Prometheus metrics; none when not set.',
  },
  logLevel: {
    schema: z.enum(LOG_LEVELS),
    default: 'info',
    about: 'What the worker logs: this level and all above it.',
  },
} as const satisfies Record<string, { schema: z.ZodType; default: string | undefined; about: string }>;

export type SettingName = keyof typeof definitions;
type Parsed<N extends SettingName> = z.output<(typeof definitions)[N]['schema']>;
type Optional = {
  [N in SettingName]: (typeof definitions)[N]['default'] extends undefined ? N : never;
}[SettingName];
type Derived = 'taskQueue';

/** All settings, parsed. Those without a default may be absent; `taskQueue` never is. */
export type Settings = { readonly [N in Exclude<SettingName, Optional> | Derived]: Parsed<N> } & {
  readonly [N in Exclude<Optional, Derived>]?: Parsed<N>;
};

export interface SettingSource {
  readonly name: SettingName;
  /** The environment variable that sets it. */
  readonly variable: string;
  readonly about: string;
  readonly value: string | undefined;
  readonly source: 'environment' | 'default' | 'not set';
  /** What is wrong with the value, if anything. */
  readonly problem?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** `gateMaxRejectedShare` -> `MSP_GATE_MAX_REJECTED_SHARE`. */
export function variableOf(name: string): string {
  return `MSP_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** What a setting's value has to be. */
export function settingSchema(name: SettingName): z.ZodType {
  return definitions[name].schema;
}

/** Every setting with its value and where it came from; never throws, so that a wrong one can be shown. */
export function describeSettings(environment: Environment): SettingSource[] {
  return (Object.keys(definitions) as SettingName[]).map((name) => {
    const { schema, default: fallback, about } = definitions[name];
    const variable = variableOf(name);
    const given = givenIn(environment, variable);
    const value = given ?? fallback;
    const source = given !== undefined ? 'environment' : fallback !== undefined ? 'default' : 'not set';
    const parsed = value === undefined ? undefined : schema.safeParse(value);
    const problem =
      parsed?.success === false ? parsed.error.issues.map((issue) => issue.message).join('; ') : undefined;
    return { name, variable, about, value, source, ...(problem === undefined ? {} : { problem }) };
  });
}

/** A variable's value; an empty one counts as not set, as it does for the AWS SDKs. */
export function givenIn(environment: Environment, variable: string): string | undefined {
  const value = environment[variable];
  return value === '' ? undefined : value;
}

/** Variables of ours that are about the checkout or a local stack, not about the pipeline. */
export const CHECKOUT_VARIABLES: readonly string[] = [
  'MSP_LOCAL_DIR',
  'MSP_SETUP_DIR',
  'MSP_REAL_DATA',
  'MSP_PYTHON',
  'MSP_IVY_SETTINGS',
];

/** Variables of a worker that are no settings of the pipeline. */
const WORKER_VARIABLES = ['MSP_SCRIPTS_DIR', 'MSP_DEPLOYMENT', 'MSP_BUILD_ID'];

/** `MSP_…` variables that no setting reads: misspelt more often than not. */
export function unknownSettings(environment: Environment): string[] {
  const settings = Object.keys(definitions).map(variableOf);
  const known = new Set([...settings, ...CHECKOUT_VARIABLES, ...WORKER_VARIABLES]);
  return Object.keys(environment).filter((variable) => variable.startsWith('MSP_') && !known.has(variable));
}

/**
 * The settings of this environment.
 * @throws SettingsError naming every wrong variable, its value and what was expected.
 */
export function parseSettings(environment: Environment): Settings {
  const described = describeSettings(environment);
  const problems = described.filter((setting) => setting.problem !== undefined);
  if (problems.length > 0) {
    const lines = problems.map((s) => `${s.variable}=${JSON.stringify(s.value)}: ${s.problem ?? ''}`);
    throw new SettingsError(`Wrong settings, correct them and start again:\n  ${lines.join('\n  ')}`);
  }
  const values: Record<string, unknown> = {};
  for (const { name, value } of described) {
    if (value !== undefined) values[name] = definitions[name].schema.parse(value);
  }
  return { taskQueue: values['pipeline'], ...values } as Settings;
}

/** Name of the Glue job that runs a script: `music_streaming_validation`. */
export function jobNameOf(pipeline: string, script: ScriptName): string {
  return `${pipeline}_${stageOfScript(script)}`;
}
