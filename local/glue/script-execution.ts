/**
 * Executes a run for real: assumes the job's role, fetches the script and its files, runs it in a process group of its
 * own, feeds its output to the logs, and reads from its exit and its output how it ended.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  effectiveArguments,
  refuseUnsupportedSwitches,
  scriptCommandLine,
  splitArguments,
  UnsupportedArgumentError,
  type Switches,
} from './arguments.ts';
import { errorMessageOf, lastTraceback } from './error-message.ts';
import { messageOf } from './errors.ts';
import type { Execute, Execution, ExecutionEvents, Outcome } from './execution.ts';
import { eachLine, Tail } from './lines.ts';
import type { LogSink, OpenLogSink } from './logs.ts';
import type { RunRecord } from './model.ts';
import { endGroup, ProcessGroup } from './processes.ts';
import { RoleError, type AwsCredentials, type Roles } from './role.ts';
import { DownloadError, type OpenObjectStore } from './s3.ts';
import { writeHook, type ScriptHook } from './script-hooks.ts';
import { pythonShellCommand, sparkCommand, type LaunchSettings } from './spark.ts';

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
  return (hook) => (record, events) => new ScriptExecution(dependencies, record, events, hook);
}

class ScriptExecution implements Execution {
  readonly ended: Promise<Outcome>;
  readonly #dependencies: ScriptExecutionDependencies;
  readonly #record: RunRecord;
  readonly #events: ExecutionEvents;
  readonly #hook: ScriptHook | undefined;
  readonly #folder: string;
  #stopped = false;
  #group: ProcessGroup | undefined;

  constructor(
    dependencies: ScriptExecutionDependencies,
    record: RunRecord,
    events: ExecutionEvents,
    hook: ScriptHook | undefined,
  ) {
    this.#dependencies = dependencies;
    this.#record = record;
    this.#events = events;
    this.#hook = hook;
    this.#folder = join(dependencies.workFolder, record.run.Id);
    this.ended = this.#execute()
      .catch(failureOf)
      .finally(() => {
        rmSync(this.#folder, { recursive: true, force: true });
      });
  }

  stop(): void {
    this.#stopped = true;
    // The group's exit settles `ended`; while the files are still being fetched, `#execute` looks at the flag instead.
    if (this.#group === undefined) return;
    void endGroup(this.#group.identity.id, this.#dependencies.stopGraceMilliseconds);
  }

  /** A call, since a stop may come during any `await`. */
  #isStopped(): boolean {
    return this.#stopped;
  }

  async #execute(): Promise<Outcome> {
    const { run, job } = this.#record;
    const effective = effectiveArguments(job, run);
    refuseUnsupportedSwitches(effective);
    const { switches, script } = splitArguments(effective);
    mkdirSync(this.#folder, { recursive: true });

    const credentials = await this.#dependencies.roles.assume({
      role: job.Role,
      sessionName: `GlueJobRunnerSession-${run.Id}`,
      policy: run.ExecutionRoleSessionPolicy,
      forSeconds: run.Timeout * 60,
    });
    const files = await this.#download(switches, credentials);
    if (this.#isStopped()) return { state: 'STOPPED' };

    const launch = {
      ...files,
      scriptArguments: scriptCommandLine(script, run),
      workingDirectory: this.#folder,
      credentials,
      sparkConf: switches.sparkConf,
      pythonPath: [
        ...(this.#hook === undefined ? [] : [writeHook(this.#folder, this.#hook)]),
        ...(files.pyFiles.length === 0 ? [] : [join(this.#folder, 'python')]),
      ],
    };
    const commandOf = job.Command.Name === 'pythonshell' ? pythonShellCommand : sparkCommand;
    const group = await ProcessGroup.spawn(commandOf(launch, this.#dependencies.launch)).catch(
      (error: unknown) => {
        throw new LaunchError(messageOf(error), { cause: error });
      },
    );
    this.#group = group;
    if (this.#isStopped()) this.stop();
    this.#events.running(group.identity);
    return this.#watch(group, this.#openLogs(switches, credentials));
  }

  async #download(switches: Switches, credentials: AwsCredentials): Promise<Files> {
    const store = this.#dependencies.openObjectStore(credentials);
    const fetchInto = async (folder: string, uris: readonly string[], what: string): Promise<string[]> => {
      mkdirSync(folder, { recursive: true });
      const names = uris.map((uri) => basename(uri));
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined)
        throw new DownloadError(`Two files have the name ${twice}, each a ${what}`, true);
      const files = uris.map((uri) => join(folder, basename(uri)));
      await Promise.all(uris.map((uri, index) => store.download(uri, files[index] ?? folder, what)));
      return files;
    };
    try {
      const location = switches.scriptLocation ?? this.#record.job.Command.ScriptLocation;
      const [scriptFile = ''] = await fetchInto(join(this.#folder, 'script'), [location], 'script');
      const pyFiles = await fetchInto(
        join(this.#folder, 'python'),
        switches.extraPyFiles,
        'file of --extra-py-files',
      );
      const jars = await fetchInto(join(this.#folder, 'jars'), switches.extraJars, 'JAR of --extra-jars');
      await fetchInto(this.#folder, switches.extraFiles, 'file of --extra-files');
      return { scriptFile, pyFiles, jars };
    } finally {
      store.close();
    }
  }

  #openLogs(switches: Switches, credentials: AwsCredentials): Logs {
    const { run } = this.#record;
    const stream = switches.logStream ?? run.Id;
    const open = (name: string): LogSink =>
      this.#dependencies.openLogSink(`${switches.logGroupPrefix}/${name}`, stream, credentials);
    return { output: open('output'), error: open('error') };
  }

  async #watch(group: ProcessGroup, logs: Logs): Promise<Outcome> {
    const stdout = new Tail(TAIL_LINES);
    const stderr = new Tail(TAIL_LINES);
    const writeError = (line: string): void => {
      logs.error.write(line);
    };
    const { GlueVersion: version } = this.#record.run;
    if (!NATIVE_VERSIONS.includes(version)) {
      writeError(`This job asks for Glue ${version}; the local Glue runs it on Spark 3.5 and Python 3.11.`);
    }
    const read = Promise.all([
      eachLine(group.stdout, (line) => {
        stdout.push(line);
        logs.output.write(line);
      }),
      eachLine(group.stderr, (line) => {
        stderr.push(line);
        writeError(line);
      }),
    ]);
    const { code } = await group.exited;
    // Whatever the leader left behind would go on using resources, and could hold the pipes open.
    await endGroup(group.identity.id, this.#dependencies.stopGraceMilliseconds);
    await Promise.race([read, sleep(LAST_OUTPUT_MILLISECONDS, undefined, { ref: false })]);
    group.closeOutput();
    await read;
    if (code !== 0) lastTraceback(stdout.lines).forEach(writeError);
    this.#dependencies.onDraining(
      Promise.all([logs.output.close(), logs.error.close()]).then(() => undefined),
    );
    if (code === 0) return { state: 'SUCCEEDED' };
    return { state: 'FAILED', errorMessage: errorMessageOf(stdout.lines, stderr.lines, code) };
  }
}

interface Files {
  readonly scriptFile: string;
  readonly pyFiles: readonly string[];
  readonly jars: readonly string[];
}

interface Logs {
  readonly output: LogSink;
  readonly error: LogSink;
}

/** The launcher itself could not be started: the toolchain is at fault, not the job. */
class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

/** FAILED is what the job's owner can correct; ERROR is a failure of the platform. */
function failureOf(error: unknown): Outcome {
  const jobsFault =
    error instanceof UnsupportedArgumentError ||
    ((error instanceof RoleError || error instanceof DownloadError) && error.refused);
  if (jobsFault) return { state: 'FAILED', errorMessage: error.message };
  const category = error instanceof LaunchError ? 'LAUNCH_ERROR' : 'GLUE_INTERNAL_SERVICE_ERROR';
  return { state: 'ERROR', errorMessage: `${category}: ${messageOf(error)}` };
}
