/**
 * The command line and environment of a run's script. Pure.
 *
 * What Glue sets up for a script is set up here, so that scripts need no local settings: `s3://` is read by S3A with the
 * role's keys, at the endpoint of the standard variables. The environment holds what is listed and nothing of the
 * server's own, so a script can't come to depend on the developer's shell.
 */
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import type { AwsCredentials } from './role.ts';
import type { CommandLine } from './processes.ts';

/** Where the programs are. */
export const toolchainSchema = z.object({
  /** The interpreter that has pyspark and what else scripts import. */
  python: z.string().min(1),
  /** The folder of the pyspark package. */
  sparkHome: z.string().min(1),
  javaHome: z.string().min(1).optional(),
  /** Folder with the JARs of S3A and whatever else the scripts' class path needs. */
  jarsDir: z.string().min(1),
  /** A JVM's archive of loaded classes; one that does not fit the JVM or the class path is passed over. */
  classArchive: z.string().min(1).optional(),
  /** Started in place of spark-submit. */
  launcher: z.string().min(1).optional(),
});

export interface LaunchSettings {
  readonly toolchain: z.infer<typeof toolchainSchema>;
  readonly region: string;
  /** `AWS_ENDPOINT_URL` and its per-service variants, handed on to the script. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Heap of the one JVM that is driver and executor, as Spark writes sizes. */
  readonly driverMemory: string;
  /** Task threads of one run. */
  readonly cores: number;
  /** The JVM's compiler and collector; see SHORT_RUN_JVM and LONG_RUN_JVM. */
  readonly jvm?: string | undefined;
}

/** What one run needs beside the settings; files are local paths. */
export interface Launch {
  readonly scriptFile: string;
  readonly scriptArguments: readonly string[];
  readonly workingDirectory: string;
  readonly credentials: AwsCredentials;
  readonly sparkConf: readonly string[];
  readonly pyFiles: readonly string[];
  readonly jars: readonly string[];
  /** Put before all else on Python's module path. */
  readonly pythonPath: readonly string[];
}

/** A short-lived small JVM starts faster and uses a quarter less memory with the simple compiler and collector. */
const SHORT_RUN_JVM = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';

/**
 * From some millions of rows on, code of the optimising compiler wins back the half minute of processor time that it
 * takes to compile. The collector is the simple one too: the others take three times the memory for the same time.
 */
export const LONG_RUN_JVM = '-XX:+UseSerialGC';

/** What a job may override by `--conf`. */
const OVERRIDABLE_CONF = [
  // The default committer renames twice; on an object store each rename is a copy.
  'spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version=2',
  'spark.ui.enabled=false',
];

export function sparkCommand(launch: Launch, settings: LaunchSettings): CommandLine {
  const { toolchain } = settings;
  const conf = [...OVERRIDABLE_CONF, ...launch.sparkConf, ...fixedConf(launch, settings)];
  return {
    command: toolchain.launcher ?? join(toolchain.sparkHome, 'bin', 'spark-submit'),
    arguments: [
      ...['--master', `local[${settings.cores}]`],
      ...['--driver-memory', settings.driverMemory],
      ...['--driver-java-options', javaOptions(launch, settings)],
      ...['--driver-class-path', [join(toolchain.jarsDir, '*'), ...launch.jars].join(delimiter)],
      ...conf.flatMap((setting) => ['--conf', setting]),
      ...(launch.pyFiles.length === 0 ? [] : ['--py-files', launch.pyFiles.join(',')]),
      launch.scriptFile,
      ...launch.scriptArguments,
    ],
    environment: {
      ...environmentOf(launch, settings),
      SPARK_HOME: toolchain.sparkHome,
      SPARK_LOCAL_IP: '127.0.0.1',
      PYSPARK_PYTHON: toolchain.python,
      ...(launch.pythonPath.length === 0 ? {} : { PYTHONPATH: launch.pythonPath.join(delimiter) }),
    },
    workingDirectory: launch.workingDirectory,
  };
}

function javaOptions({ workingDirectory }: Launch, { toolchain, jvm }: LaunchSettings): string {
  const { classArchive } = toolchain;
  return [
    jvm ?? SHORT_RUN_JVM,
    // Loading some fifteen thousand classes is a third of a short run. What does not fit is no matter to the script.
    ...(classArchive === undefined
      ? []
      : [quoted(`-XX:SharedArchiveFile=${classArchive}`), '-Xlog:cds*=off']),
    quoted(`-Djava.io.tmpdir=${workingDirectory}`),
  ].join(' ');
}

/** One option to spark-submit, which takes them apart at white space outside of quotes, whatever folders are called. */
function quoted(option: string): string {
  return `"${option.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** A Python shell job is the script under plain Python. */
export function pythonShellCommand(launch: Launch, settings: LaunchSettings): CommandLine {
  return {
    command: settings.toolchain.python,
    arguments: [launch.scriptFile, ...launch.scriptArguments],
    environment: {
      ...environmentOf(launch, settings),
      // Lines reach the log as they are printed, not when a buffer is full.
      PYTHONUNBUFFERED: '1',
      PYTHONPATH: [...launch.pythonPath, ...launch.pyFiles].join(delimiter),
    },
    workingDirectory: launch.workingDirectory,
  };
}

/** What belongs to this machine and not to the job. Given last, since the last value of a setting wins. */
function fixedConf(launch: Launch, { region, endpoints }: LaunchSettings): string[] {
  const endpoint = endpoints['AWS_ENDPOINT_URL_S3'] ?? endpoints['AWS_ENDPOINT_URL'];
  return [
    'spark.driver.host=127.0.0.1',
    'spark.driver.bindAddress=127.0.0.1',
    `spark.local.dir=${launch.workingDirectory}`,
    `spark.sql.warehouse.dir=${join(launch.workingDirectory, 'spark-warehouse')}`,
    'spark.hadoop.fs.s3.impl=org.apache.hadoop.fs.s3a.S3AFileSystem',
    // Folder markers belong to the pipeline's layout; S3A would take the one above a path that it writes for its own.
    'spark.hadoop.fs.s3a.directory.marker.retention=keep',
    `spark.hadoop.fs.s3a.endpoint.region=${region}`,
    'spark.hadoop.fs.s3a.aws.credentials.provider=com.amazonaws.auth.EnvironmentVariableCredentialsProvider',
    ...(endpoint === undefined
      ? []
      : [
          `spark.hadoop.fs.s3a.endpoint=${endpoint}`,
          'spark.hadoop.fs.s3a.path.style.access=true',
          `spark.hadoop.fs.s3a.connection.ssl.enabled=${endpoint.startsWith('https:')}`,
        ]),
  ];
}

function environmentOf(
  launch: Launch,
  { toolchain, region, endpoints }: LaunchSettings,
): Record<string, string> {
  const path = [
    // spark-submit takes its programs from PATH; the environment of the toolchain's Python must come first.
    join(toolchain.python, '..'),
    ...(toolchain.javaHome === undefined ? [] : [join(toolchain.javaHome, 'bin')]),
    '/usr/local/bin',
    '/usr/bin',
    '/bin',
  ];
  return {
    PATH: path.join(delimiter),
    HOME: launch.workingDirectory,
    // Removed with the folder, also when the process is killed.
    TMPDIR: launch.workingDirectory,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    ...(toolchain.javaHome === undefined ? {} : { JAVA_HOME: toolchain.javaHome }),
    AWS_ACCESS_KEY_ID: launch.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: launch.credentials.secretAccessKey,
    AWS_SESSION_TOKEN: launch.credentials.sessionToken,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...endpoints,
  };
}
