/**
 * Executes a run for real: assumes the job's role, fetches the script and its files, runs it in a process group of its
 * own, feeds its output to the logs, and reads from its exit and its output how it ended.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../stack/errors.ts';
import {
  effectiveArguments,
  refuseUnsupportedSwitches,
  scriptCommandLine,
  splitArguments,
  UnsupportedArgumentError,
  type Switches,
} from './arguments.ts';
import { errorMessageOf, lastTraceback } from './error-message.ts';
import { AwsError } from './errors.ts';
import type { Execute, ExecutionEvents, Outcome } from './execution.ts';
import { eachLine } from './lines.ts';
import type { LogSink, OpenLogSink } from './logs.ts';
import type { RunRecord } from './model.ts';
import { endGroup, ProcessGroup } from './processes.ts';
import type { AwsCredentials, Roles } from './role.ts';
import type { OpenObjectStore } from './s3.ts';
import { writeHook, type ScriptHook } from './script-hooks.ts';
import { pythonShellCommand, sparkCommand, type Launch, type LaunchSettings } from './spark.ts';

export interface ScriptExecutionDependencies {
  readonly launch: LaunchSettings;
  readonly roles: Roles;
  readonly openObjectStore: OpenObjectStore;
  readonly openLogSink: OpenLogSink;
  /** A folder in which each run gets its own, removed at its end. */
  readonly workFolder: string;
  /** What a stopped run has to end by itself before it is killed. */
  readonly stopGraceMilliseconds: number;
  /** What the run's log is to be kept open for: a server that ends waits for these. */
  readonly onDraining: (drained: Promise<void>) => void;
}

/** Lines of output that are looked through for the reason of a failure; a JVM stack trace with causes has some 150. */
const TAIL_LINES = 500;

/**
 * How long the output of a group that is gone may still come. Only a process that has left the group can hold it open,
 * and nothing is waited for that Glue would have ended with the machine.
 */
const LAST_OUTPUT_MILLISECONDS = 2000;

/** Spark and Python of the toolchain are those of Glue 5; another version's job runs on them all the same. */
const NATIVE_VERSIONS = ['5.0', '5.1'];

/** Executes runs; a hook, where given, is put into the script's interpreter. */
export function scriptExecutor(dependencies: ScriptExecutionDependencies): (hook?: ScriptHook) => Execute {
  return (hook) => (record, events) => {
    const stopping = new AbortController();
    const folder = join(dependencies.workFolder, record.run.Id);
    const task = { ...dependencies, record, hook, folder, stopping: stopping.signal };
    const ended = execute(task, events)
      .catch(failureOf)
      .finally(() => {
        rmSync(folder, { recursive: true, force: true });
      });
    return {
      ended,
      stop() {
        stopping.abort();
      },
    };
  };
}

interface Task extends ScriptExecutionDependencies {
  readonly record: RunRecord;
  readonly hook: ScriptHook | undefined;
  /** The run's own. */
  readonly folder: string;
  readonly stopping: AbortSignal;
}

async function execute(task: Task, events: ExecutionEvents): Promise<Outcome> {
  const { record, hook, folder, stopping, stopGraceMilliseconds } = task;
  const { run, job } = record;
  const effective = effectiveArguments(job, run);
  refuseUnsupportedSwitches(effective);
  const { switches, script } = splitArguments(effective);
  mkdirSync(folder, { recursive: true });

  const credentials = await task.roles.assume({
    role: job.Role,
    sessionName: `GlueJobRunnerSession-${run.Id}`,
    policy: run.ExecutionRoleSessionPolicy,
    forSeconds: run.Timeout * 60,
  });
  const files = await download(task, switches, credentials);
  if (stopping.aborted) return { state: 'STOPPED' };

  const launch = {
    ...files,
    scriptArguments: scriptCommandLine(script, run),
    workingDirectory: folder,
    credentials,
    sparkConf: switches.sparkConf,
    pythonPath: [
      ...(hook === undefined ? [] : [writeHook(folder, hook)]),
      ...(files.pyFiles.length === 0 ? [] : [join(folder, 'python')]),
    ],
  };
  const commandOf = job.Command.Name === 'pythonshell' ? pythonShellCommand : sparkCommand;
  const group = await ProcessGroup.spawn(commandOf(launch, task.launch)).catch((error: unknown) => {
    throw new LaunchError(messageOf(error), { cause: error });
  });
  onceAborted(stopping, () => void endGroup(group.identity.id, stopGraceMilliseconds));
  events.running(group.identity);
  return await outcomeOf(task, group, switches, credentials);
}

/** Acts at once for a signal that was aborted before. */
function onceAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}

async function download(
  { openObjectStore, record, folder }: Task,
  switches: Switches,
  credentials: AwsCredentials,
): Promise<Pick<Launch, 'scriptFile' | 'pyFiles' | 'jars'>> {
  const store = openObjectStore(credentials);
  const fetchInto = async (place: string, uris: readonly string[], what: string): Promise<string[]> => {
    mkdirSync(place, { recursive: true });
    const names = uris.map((uri) => basename(uri));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new AwsError(`Two files have the name ${twice}, each a ${what}`, true);
    const files = names.map((name) => join(place, name));
    await Promise.all(uris.map((uri, index) => store.download(uri, files[index] ?? place, what)));
    return files;
  };
  try {
    const location = switches.scriptLocation ?? record.job.Command.ScriptLocation;
    const [scriptFile = ''] = await fetchInto(join(folder, 'script'), [location], 'script');
    const { extraPyFiles, extraJars, extraFiles } = switches;
    const pyFiles = await fetchInto(join(folder, 'python'), extraPyFiles, 'file of --extra-py-files');
    const jars = await fetchInto(join(folder, 'jars'), extraJars, 'JAR of --extra-jars');
    await fetchInto(folder, extraFiles, 'file of --extra-files');
    return { scriptFile, pyFiles, jars };
  } finally {
    store.close();
  }
}

/** Hands a run's output on to its logs until its processes are gone. */
async function outcomeOf(
  { openLogSink, record: { run }, stopGraceMilliseconds, onDraining }: Task,
  group: ProcessGroup,
  { logGroupPrefix, logStream = run.Id }: Switches,
  credentials: AwsCredentials,
): Promise<Outcome> {
  const output = openLogSink(`${logGroupPrefix}/output`, logStream, credentials);
  const error = openLogSink(`${logGroupPrefix}/error`, logStream, credentials);
  if (!NATIVE_VERSIONS.includes(run.GlueVersion)) {
    error.write(
      `This job asks for Glue ${run.GlueVersion}; the local Glue runs it on Spark 3.5 and Python 3.11.`,
    );
  }
  const reading = Promise.all([tailOf(group.stdout, output), tailOf(group.stderr, error)]);
  const code = await group.exited;
  // Whatever the leader left behind would go on using resources, and could hold the pipes open.
  await endGroup(group.identity.id, stopGraceMilliseconds);
  await Promise.race([reading, sleep(LAST_OUTPUT_MILLISECONDS, undefined, { ref: false })]);
  group.closeOutput();
  const [stdout, stderr] = await reading;
  if (code !== 0) {
    for (const line of lastTraceback(stdout)) error.write(line);
  }
  onDraining(Promise.all([output.close(), error.close()]).then(() => undefined));
  if (code === 0) return { state: 'SUCCEEDED' };
  return { state: 'FAILED', errorMessage: errorMessageOf(stdout, stderr, code) };
}

/** Writes all lines of a stream to a log. @returns the last of them, once the stream has ended or broken */
async function tailOf(stream: Readable, sink: LogSink): Promise<string[]> {
  const tail: string[] = [];
  await eachLine(stream, (line) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    sink.write(line);
  });
  return tail;
}

/** The launcher itself could not be started: the toolchain is at fault, not the job. */
class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

/** FAILED is what the job's owner can correct; ERROR is a failure of the platform. */
function failureOf(error: unknown): Outcome {
  const jobsFault = error instanceof UnsupportedArgumentError || (error instanceof AwsError && error.refused);
  if (jobsFault) return { state: 'FAILED', errorMessage: error.message };
  const category = error instanceof LaunchError ? 'LAUNCH_ERROR' : 'GLUE_INTERNAL_SERVICE_ERROR';
  return { state: 'ERROR', errorMessage: `${category}: ${messageOf(error)}` };
}
