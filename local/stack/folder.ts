/**
 * The stack's folder: what lies where, and the files that other programs read. All state of a stack is below its
 * folder, so removing the folder of a stopped stack removes the stack.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf, StackError } from './errors.ts';

export const PART_NAMES = ['temporal', 'aws', 'glue', 'worker'] as const;
export type PartName = (typeof PART_NAMES)[number];

const processSchema = z.object({
  pid: z.int().positive(),
  /** When the process started, as the system tells it; tells it from a later one with the same number. */
  startedAt: z.string(),
  logFile: z.string(),
});
export type StackProcess = z.infer<typeof processSchema>;

export const endpointsSchema = z.object({
  temporal: z.string(),
  temporalUi: z.string(),
  aws: z.string(),
  glue: z.string(),
  workerMetrics: z.string(),
  temporalMetrics: z.string(),
});
export type Endpoints = z.infer<typeof endpointsSchema>;

const stackFileSchema = z.object({
  version: z.literal(1),
  portBase: z.int(),
  startedAt: z.iso.datetime(),
  processes: z.partialRecord(z.enum(PART_NAMES), processSchema),
  endpoints: endpointsSchema,
});
/** `stack.json`: what runs and where it answers. There is one while the stack runs. */
export type StackFile = z.infer<typeof stackFileSchema>;

const variables = z.record(z.string(), z.string());
const environmentFileSchema = z.object({ worker: variables, operator: variables });
/** `environment.json`: the variables that make a process the worker or the operator of this stack. */
export type EnvironmentFile = z.infer<typeof environmentFileSchema>;

const accessKeySchema = z.object({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  principalArn: z.string(),
});
export type AccessKey = z.infer<typeof accessKeySchema>;

/** `made.json`: what a stack keeps as long as its folder is there. */
const madeFileSchema = z.object({ region: z.string() });

/** Readable by their owner only. */
const SECRET_MODE = 0o600;

/** Names what lies below a folder. */
class Place {
  readonly root: string;

  constructor(root: string) {
    this.root = resolve(root);
  }

  protected below(...names: string[]): string {
    return join(this.root, ...names);
  }
}

export class StackFolder extends Place {
  readonly logs = this.below('logs');
  readonly temporalDatabase = this.below('temporal', 'temporal.db');
  /** A Temporal client configuration of its own, so that nobody's profiles leak into the stack. */
  readonly temporalConfiguration = this.below('temporal', 'temporal.toml');
  readonly awsState = this.below('aws', 'state');
  readonly awsObjects = this.below('aws', 's3');
  readonly glue = this.below('glue');
  /** Access keys of IAM users; what local Glue checks signatures against. */
  readonly credentialsFile = this.below('credentials.json');
  readonly stackFile = this.below('stack.json');
  readonly claimFile = this.below('claim');
  readonly madeFile = this.below('made.json');
  readonly environmentFile = this.below('environment.json');
  /** The operator's variables for a shell: `source .local/operator.sh`. */
  readonly operatorScript = this.below('operator.sh');

  make(): void {
    const files = [this.temporalDatabase, join(this.awsState, '-'), join(this.awsObjects, '-')];
    for (const folder of [this.logs, this.glue, ...files.map(dirname)])
      mkdirSync(folder, { recursive: true });
  }

  readStack(): StackFile | undefined {
    return readJson(this.stackFile, stackFileSchema);
  }
  writeStack(stack: StackFile): void {
    writeJson(this.stackFile, stack);
  }
  readEnvironment(): EnvironmentFile | undefined {
    return readJson(this.environmentFile, environmentFileSchema);
  }
  writeEnvironment(environment: EnvironmentFile): void {
    writeJson(this.environmentFile, environment);
    const quoted = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;
    const lines = Object.entries(environment.operator).map(
      ([name, value]) => `export ${name}=${quoted(value)}\n`,
    );
    writeFileSync(this.operatorScript, lines.join(''), { mode: SECRET_MODE });
  }
  /** The region that it was made with; `undefined` before its first start. */
  readRegion(): string | undefined {
    return readJson(this.madeFile, madeFileSchema)?.region;
  }
  writeRegion(region: string): void {
    writeJson(this.madeFile, { region });
  }
  readCredentials(): AccessKey[] {
    return readJson(this.credentialsFile, z.array(accessKeySchema)) ?? [];
  }
  writeCredentials(keys: readonly AccessKey[]): void {
    writeJson(this.credentialsFile, keys);
  }

  /** What only a running stack has. Its data, keys and logs stay. */
  forgetRunning(): void {
    for (const file of [this.stackFile, this.environmentFile, this.operatorScript])
      rmSync(file, { force: true });
  }
}

function readJson<T extends z.ZodType>(file: string, schema: T): z.output<T> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new StackError(
      `${file} is not what a local stack of this version writes: ${messageOf(error)}`,
      'Stop what runs from that folder, then remove the file, or the folder to begin anew.',
      { cause: error },
    );
  }
}

/** Whole or not at all: readers never see half a file. */
function writeJson(file: string, content: unknown): void {
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: SECRET_MODE });
  renameSync(unfinished, file);
}
