/** The Glue scripts as whole processes, started the way local Glue starts them, with whatever they read and write in a folder. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LONG_RUN_JVM, sparkCommand } from '../local/glue/spark.ts';
import { checkoutFolder, readToolchain } from '../local/stack/toolchain.ts';
import { measured, type Measured } from './measure.ts';

/** Enough for ten million plays, and what leaves a machine of 8 GB usable. */
const DRIVER_MEMORY = '3g';

/** What the measurements promise: two cores, on any machine. */
const CORES = 2;

export interface ScriptRun {
  readonly script: 'validate_data' | 'compute_kpis' | 'load_dynamodb';
  readonly plan: unknown;
  /** Whether there are millions of rows; decides how the JVM compiles. */
  readonly long?: boolean;
  /** For plan, report, scratch and logs; made when missing. */
  readonly folder: string;
  /** Where AWS is, for a script that needs it. */
  readonly aws?: {
    readonly endpoint: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
}

export interface ScriptResult {
  readonly report: unknown;
  readonly reportFile: string;
  readonly measured: Measured;
}

/** Runs a script to its end. */
export async function runScript(run: ScriptRun): Promise<ScriptResult> {
  const { script, folder, aws } = run;
  const scratch = join(folder, 'scratch');
  await mkdir(scratch, { recursive: true });
  const plan = join(folder, `${script}.plan.json`);
  await writeFile(plan, JSON.stringify(run.plan));
  const scripts = join(checkoutFolder(), 'glue-scripts');
  const jobRunId = `jr_${script}`;
  const reportPrefix = `${folder}/${script}.report.`;
  const line = sparkCommand(
    {
      scriptFile: join(scripts, `${script}.py`),
      scriptArguments: [
        ...['--JOB_NAME', script, '--JOB_RUN_ID', jobRunId, '--run_id', 'bench', '--run_token', 'bench'],
        ...['--plan', plan, '--report_prefix', reportPrefix, '--script_digest', 'bench'],
      ],
      workingDirectory: scratch,
      credentials: { accessKeyId: '', secretAccessKey: '', sessionToken: '', ...aws },
      sparkConf: [],
      pyFiles: [],
      jars: [],
      pythonPath: [scripts],
    },
    {
      toolchain: readToolchain(process.env),
      region: 'eu-west-1',
      endpoints: aws === undefined ? {} : { AWS_ENDPOINT_URL: aws.endpoint },
      driverMemory: DRIVER_MEMORY,
      cores: CORES,
      ...(run.long === true ? { jvm: LONG_RUN_JVM } : {}),
    },
  );
  const result = await measured(line, join(folder, `${script}.log`));
  const reportFile = `${reportPrefix}${jobRunId}.json`;
  const report: unknown = JSON.parse(await readFile(reportFile, 'utf8'));
  return { report, reportFile, measured: result };
}

/** Runs one of the benchmark's own Python programs. @returns what it printed, and what it took */
export async function runPython(
  folder: string,
  program: string,
  words: readonly string[],
): Promise<{ printed: string; measured: Measured }> {
  await mkdir(folder, { recursive: true });
  const log = join(folder, `${program}.log`);
  const checkout = checkoutFolder();
  const took = await measured(
    {
      command: readToolchain(process.env).python,
      arguments: [join(checkout, 'bench', 'scripts', program), ...words],
      environment: { PATH: '/usr/bin:/bin', TMPDIR: folder, PYTHONPATH: join(checkout, 'glue-scripts') },
      workingDirectory: folder,
    },
    log,
  );
  return { printed: (await readFile(log, 'utf8')).trim(), measured: took };
}
