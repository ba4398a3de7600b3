/**
 * From a job's and a run's arguments to what the script sees and what the platform acts on. Pure.
 *
 * A run's arguments override the job's defaults, and the job's non-overridable ones override both. Glue keeps some
 * names for itself: a few may not be set at all, and the switches (`--conf`, `--scriptLocation`, `--enable-…`) are acted
 * on and do not reach the script. The script gets the rest, then `--JOB_NAME`, `--JOB_RUN_ID`, `--JOB_ID`.
 */
import { createHash } from 'node:crypto';
import { invalidInput } from './errors.ts';
import type { GlueArguments, Job, JobRun } from './model.ts';

/** Names that Glue sets itself, or that `getResolvedOptions` refuses. */
const RESERVED = new Set([
  '--JOB_NAME',
  '--JOB_RUN_ID',
  '--JOB_ID',
  '--SECURITY_CONFIGURATION',
  '--encryption-type',
  '--mode',
  '--debug',
  '--endpoint',
]);

/** @throws GlueError InvalidInputException naming the first argument that may not be set. */
export function refuseReservedArguments(given: GlueArguments | undefined): void {
  for (const name of Object.keys(given ?? {})) {
    if (RESERVED.has(name))
      throw invalidInput(`The argument ${name} is reserved for AWS Glue and can't be set.`);
    if (!/^--\S+$/.test(name)) {
      throw invalidInput(`The argument name ${JSON.stringify(name)} must start with -- and have no spaces.`);
    }
  }
}

/** A job's defaults, overridden by a run's arguments, overridden by the job's non-overridable ones. */
export function effectiveArguments(
  job: Pick<Job, 'DefaultArguments' | 'NonOverridableArguments'>,
  run: Pick<JobRun, 'Arguments'>,
): GlueArguments {
  return { ...job.DefaultArguments, ...run.Arguments, ...job.NonOverridableArguments };
}

/** What the platform is asked to do for a run. */
export interface Switches {
  /** S3 URI of the script to run in place of the one that the job's command names. */
  readonly scriptLocation: string | undefined;
  /** `--conf` settings of Spark as `name=value`, in the order given. */
  readonly sparkConf: readonly string[];
  /** S3 URIs of Python modules and archives to put on the module path. */
  readonly extraPyFiles: readonly string[];
  /** S3 URIs of JARs to put on the class path. */
  readonly extraJars: readonly string[];
  /** S3 URIs of files to put into the working directory. */
  readonly extraFiles: readonly string[];
  readonly autoScaling: boolean;
  /** Group names are this and `/output` or `/error`. */
  readonly logGroupPrefix: string;
  /** Stream of the driver; the run's id when not given. */
  readonly logStream: string | undefined;
}

/** Switches without effect on one machine: metrics, insights, Spark UI, catalogue, shuffle storage and the like. */
const IGNORED = new Set([
  '--class',
  '--continuous-log-conversionPattern',
  '--continuous-log-logGroup',
  '--continuous-log-logStreamPrefix',
  '--job-bookmark-from',
  '--job-bookmark-to',
  '--python-modules-installer-option',
  '--spark-event-logs-path',
  '--user-jars-first',
  '--use-postgres-driver',
  '--write-shuffle-files-to-s3',
  '--write-shuffle-spills-to-s3',
]);

/** Why a run with these arguments can't be run here, though Glue could. The run fails with it before it starts. */
export class UnsupportedArgumentError extends Error {
  override readonly name = 'UnsupportedArgumentError';
}

const UNSUPPORTED: Readonly<Record<string, (value: string) => string | undefined>> = {
  '--additional-python-modules': () =>
    'the local Glue installs no Python modules; give the module by --extra-py-files, or install it in the toolchain',
  '--datalake-formats': (value) => `the local Glue has no data lake libraries (${value})`,
  '--job-bookmark-option': (value) =>
    value === 'job-bookmark-disable'
      ? undefined
      : 'the local Glue keeps no bookmarks; use job-bookmark-disable',
  '--job-language': (value) =>
    value === 'python' ? undefined : `the local Glue runs Python only, not ${value}`,
};

const DEFAULT_LOG_GROUP_PREFIX = '/aws-glue/jobs';

export interface SplitArguments {
  readonly switches: Switches;
  /** What the script gets, apart from the names that Glue adds. */
  readonly script: GlueArguments;
}

/** Separates Glue's own switches from the script's arguments. */
export function splitArguments(effective: GlueArguments): SplitArguments {
  return {
    script: Object.fromEntries(Object.entries(effective).filter(([name]) => !isSwitch(name))),
    switches: {
      scriptLocation: effective['--scriptLocation'],
      // `a=b --conf c=d` is how several settings travel in the one value that a map allows.
      sparkConf: listOf(` ${effective['--conf'] ?? ''}`, /\s+--conf\s+/),
      extraPyFiles: listOf(effective['--extra-py-files']),
      extraJars: listOf(effective['--extra-jars']),
      extraFiles: listOf(effective['--extra-files']),
      autoScaling: effective['--enable-auto-scaling'] === 'true',
      logGroupPrefix: effective['--custom-logGroup-prefix'] ?? DEFAULT_LOG_GROUP_PREFIX,
      logStream: effective['--custom-logStream-prefix'],
    },
  };
}

/** @throws UnsupportedArgumentError for a switch that can't be acted on here. */
export function refuseUnsupportedSwitches(effective: GlueArguments): void {
  for (const [name, value] of Object.entries(effective)) {
    const problem = UNSUPPORTED[name]?.(value);
    if (problem !== undefined) throw new UnsupportedArgumentError(`Argument ${name}: ${problem}.`);
  }
}

/** `--TempDir` is the one that Glue acts on and also hands to the script, so it is not here. */
const ACTED_ON = new Set([
  '--scriptLocation',
  '--conf',
  '--extra-py-files',
  '--extra-jars',
  '--extra-files',
  '--custom-logGroup-prefix',
  '--custom-logStream-prefix',
]);

function isSwitch(name: string): boolean {
  return (
    ACTED_ON.has(name) ||
    IGNORED.has(name) ||
    Object.hasOwn(UNSUPPORTED, name) ||
    /^--(enable|disable)-/.test(name)
  );
}

function listOf(value = '', separator: RegExp | string = ','): string[] {
  return value
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The words after the script's name on its command line. */
export function scriptCommandLine(script: GlueArguments, run: Pick<JobRun, 'JobName' | 'Id'>): string[] {
  const glueOwn = { '--JOB_NAME': run.JobName, '--JOB_RUN_ID': run.Id, '--JOB_ID': jobId(run.JobName) };
  return Object.entries({ ...script, ...glueOwn }).flat();
}

/** `--JOB_ID` is the same for all runs of a job: `j_` and 64 hexadecimal digits. */
function jobId(jobName: string): string {
  return `j_${createHash('sha256').update(jobName).digest('hex')}`;
}
