/**
 * A local Glue for tests of everything but Spark and AWS: real HTTP, real SDK client, real processes; scripts come from
 * memory, log lines go to memory, and shell scripts take the place of Spark's.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GlueClient, type CreateJobCommandInput, type JobRun } from '@aws-sdk/client-glue';
import { CreateJobCommand, GetJobRunCommand, StartJobRunCommand } from '@aws-sdk/client-glue';
import { pino } from 'pino';
import { AwsError } from '../../../local/glue/errors.ts';
import { parseOptions } from '../../../local/glue/options.ts';
import { startLocalGlue, type LocalGlue, type Surroundings } from '../../../local/glue/server.ts';

const launcher = join(import.meta.dirname, 'fake-launcher.sh');

export interface GlueUnderTest {
  readonly client: GlueClient;
  readonly endpoint: string;
  readonly dir: string;
  /** Scripts by their S3 URI. */
  readonly scripts: Map<string, string>;
  /** Objects that scripted outcomes wrote, by `bucket/key`. */
  readonly written: Map<string, string>;
  /** Log lines by `group stream`. */
  readonly logs: Map<string, string[]>;
  /** Defines a job whose script is the given text; returns its name. */
  define(script: string, job?: Partial<CreateJobCommandInput>): Promise<string>;
  start(jobName: string, input?: Record<string, unknown>): Promise<string>;
  run(jobName: string, runId: string): Promise<JobRun>;
  /** The run once it is in one of the states. */
  when(jobName: string, runId: string, ...states: string[]): Promise<JobRun>;
  addFaults(...faults: object[]): Promise<Response>;
  /** Ends the server and starts another on the same folder; the client and endpoint are the new one's. */
  restarted(): Promise<GlueUnderTest>;
  close(): Promise<void>;
}

let jobs = 0;

export const ENDED = ['SUCCEEDED', 'FAILED', 'STOPPED', 'TIMEOUT', 'ERROR', 'EXPIRED'];

export async function startGlueUnderTest(
  options: Record<string, unknown> = {},
  folder: string = mkdtempSync(join(tmpdir(), 'local-glue-')),
): Promise<GlueUnderTest> {
  const scripts = new Map<string, string>();
  const written = new Map<string, string>();
  const logs = new Map<string, string[]>();
  const surroundings = inMemory(scripts, written, logs);
  const parsed = parseOptions({
    port: 0,
    dir: folder,
    toolchain: { python: '/usr/bin/python3', sparkHome: '/nowhere', jarsDir: '/nowhere', launcher },
    allowFaults: true,
    logLevel: 'silent',
    ...options,
  });
  const glue = await startLocalGlue(parsed, {}, pino({ level: 'silent' }), surroundings);
  return underTest(glue, options, folder, { scripts, written, logs });
}

function inMemory(
  scripts: Map<string, string>,
  written: Map<string, string>,
  logs: Map<string, string[]>,
): Surroundings {
  return {
    roles: {
      assume: () =>
        Promise.resolve({ accessKeyId: 'role', secretAccessKey: 'secret', sessionToken: 'token' }),
      close: () => undefined,
    },
    openObjectStore: () => ({
      download(uri, file, what) {
        const text = scripts.get(uri);
        if (text === undefined) {
          const message = `Error downloading ${what} ${uri}: NoSuchKey (status code 404): it is not there`;
          return Promise.reject(new AwsError(message, true));
        }
        writeFileSync(file, text);
        return Promise.resolve();
      },
      put(uri, body) {
        written.set(uri.replace('s3://', ''), body);
        return Promise.resolve();
      },
      close: () => undefined,
    }),
    openLogSink: (group, stream) => {
      const lines: string[] = [];
      logs.set(`${group} ${stream}`, lines);
      return { write: (line) => void lines.push(line), close: () => Promise.resolve() };
    },
  };
}

function underTest(
  glue: LocalGlue,
  options: Record<string, unknown>,
  dir: string,
  memory: Pick<GlueUnderTest, 'scripts' | 'written' | 'logs'>,
): GlueUnderTest {
  const client = new GlueClient({
    region: 'eu-west-1',
    endpoint: glue.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const run = async (JobName: string, RunId: string): Promise<JobRun> => {
    const { JobRun } = await client.send(new GetJobRunCommand({ JobName, RunId }));
    if (JobRun === undefined) throw new Error(`no answer about run ${RunId}`);
    return JobRun;
  };
  const end = async (): Promise<void> => {
    client.destroy();
    await glue.close();
  };
  return {
    ...memory,
    client,
    endpoint: glue.endpoint,
    dir,
    run,
    async define(script, job) {
      jobs += 1;
      const Name = job?.Name ?? `job-${jobs}`;
      const ScriptLocation = `s3://scripts/${Name}.sh`;
      memory.scripts.set(ScriptLocation, script);
      await client.send(
        new CreateJobCommand({
          Role: 'job-role',
          Command: { Name: 'glueetl', ScriptLocation },
          ...job,
          Name,
        }),
      );
      return Name;
    },
    async start(JobName, input) {
      const { JobRunId } = await client.send(new StartJobRunCommand({ JobName, ...input }));
      if (JobRunId === undefined) throw new Error('the start was answered without an id');
      return JobRunId;
    },
    async when(jobName, runId, ...states) {
      const deadline = Date.now() + 20_000;
      for (;;) {
        const seen = await run(jobName, runId);
        if (states.includes(seen.JobRunState ?? '')) return seen;
        if (Date.now() > deadline) {
          throw new Error(
            `run is ${seen.JobRunState ?? '?'} (${seen.ErrorMessage ?? ''}), not ${states.join(' or ')}`,
          );
        }
        await sleep(20);
      }
    },
    addFaults: (...faults) =>
      fetch(`${glue.endpoint}/_local/faults`, { method: 'POST', body: JSON.stringify({ faults }) }),
    async restarted() {
      await end();
      const next = await startGlueUnderTest(options, dir);
      memory.scripts.forEach((text, uri) => next.scripts.set(uri, text));
      return next;
    },
    async close() {
      await end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
