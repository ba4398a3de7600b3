/** The Glue jobs as they ought to be where a worker creates them. Of a job that exists only its {@link JobScript} is ours. */
import type { Settings, WorkerType } from '../settings.ts';

/** S3 URIs of what a job runs: its script, and the package that the script imports. */
export interface JobScript {
  readonly script: string;
  readonly library: string;
}

/** The argument by which Glue puts a package on the script's path. */
export const LIBRARY_ARGUMENT = '--extra-py-files';

export interface DeclaredJob {
  readonly role: string;
  readonly description: string;
  /** Glue's name for the kind of job. */
  readonly kind: string;
  readonly script: string;
  readonly pythonVersion: string;
  readonly glueVersion: string;
  readonly workerType: WorkerType;
  readonly numberOfWorkers: number;
  readonly timeoutMinutes: number;
  readonly maxRetries: number;
  readonly maxConcurrentRuns: number;
  /** Those of every run, which a start adds its own to. */
  readonly arguments: Readonly<Record<string, string>>;
}

/** @param role the IAM role that the jobs run with */
export function declaredJob(settings: Settings, role: string, { script, library }: JobScript): DeclaredJob {
  return {
    role,
    description: `Part of the pipeline ${settings.pipeline}; created by its worker.`,
    kind: 'glueetl',
    script,
    pythonVersion: '3',
    // Glue 5.1 is Spark 3.5.6 on Python 3.11 and Java 17, which the scripts are written for.
    glueVersion: '5.1',
    workerType: settings.workerType,
    numberOfWorkers: settings.numberOfWorkers,
    timeoutMinutes: settings.jobTimeoutMinutes,
    // A retry by Glue would be a run that nobody started; retrying is the pipeline's.
    maxRetries: 0,
    maxConcurrentRuns: settings.maxConcurrentRuns,
    arguments: {
      [LIBRARY_ARGUMENT]: library,
      '--enable-metrics': 'true',
      '--enable-observability-metrics': 'true',
      // Which files are new is the manifests' business; a bookmark would be a second opinion.
      '--job-bookmark-option': 'job-bookmark-disable',
    },
  };
}
