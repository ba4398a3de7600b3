/** The Glue scripts as whole processes, started the way local Glue starts them, with whatever they read and write in a folder. */
import { mkdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LONG_RUN_JVM, sparkCommand } from '../local/glue/spark.ts';
import { checkoutFolder, readToolchain } from '../local/stack/toolchain.ts';
import { measured, type Measured } from './measure.ts';

/** Enough for ten million plays, and what leaves a machine of 8 GB usable. */
const DRIVER_MEMORY = '3g';

/** What the measurements promise: two cores, on any machine. */
const CORES = 2;

const toolchainSchema = z.object({
  python: z.string(),
  sparkHome: z.string(),
  javaHome: z.string(),
  jarsDir: z.string(),
  classArchive: z.string().optional(),
});
type SparkToolchain = z.infer<typeof toolchainSchema>;

let known: SparkToolchain | undefined;

export async function toolchain(): Promise<SparkToolchain> {
  known ??= toolchainSchema.parse(JSON.parse(await readFile(readToolchain(process.env).file, 'utf8')));
  return known;
}

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

/** Runs a script to its end. @returns its report, and what it took */
export async function runScript(run: ScriptRun): Promise<{ report: unknown; measured: Measured }> {
  const { script, folder, aws } = run;
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch, { recursive: true });
  const plan = join(folder, `${script}.plan.json`);
  await writeFile(plan, JSON.stringify(run.plan));
  const scripts = join(checkoutFolder(), 'glue-scripts');
  const jobRunId = `jr_${script}`;
  const line = sparkCommand(
    {
      scriptFile: join(scripts, `${script}.py`),
      scriptArguments: [
        ...['--JOB_NAME', script, '--JOB_RUN_ID', jobRunId, '--run_id', 'bench', '--run_token', 'bench'],
        ...['--plan', plan, '--report_prefix', `${folder}/${script}.report.`, '--script_digest', 'bench'],
      ],
      workingDirectory: scratch,
      credentials: { accessKeyId: '', secretAccessKey: '', sessionToken: '', ...aws },
      sparkConf: [],
      pyFiles: [],
      jars: [],
      pythonPath: [scripts],
    },
    {
      toolchain: await toolchain(),
      region: 'eu-west-1',
      endpoints: aws === undefined ? {} : { AWS_ENDPOINT_URL: aws.endpoint },
      driverMemory: DRIVER_MEMORY,
      cores: CORES,
      ...(run.long === true ? { jvm: LONG_RUN_JVM } : {}),
    },
  );
  const result = await measured(line, join(folder, `${script}.log`));
  const report: unknown = JSON.parse(
    await readFile(join(folder, `${script}.report.${jobRunId}.json`), 'utf8'),
  );
  return { report, measured: result };
}
