/**
 * A Glue job run as the pipeline sees it: its ten states, what each means for the stage, and the token by which a run
 * is found again.
 */
import type { FailureType } from './failures.ts';
import type { ScriptName, StageName } from './stages.ts';

const LIVE = ['STARTING', 'RUNNING', 'STOPPING', 'WAITING'] as const;
const ENDED = ['STOPPED', 'SUCCEEDED', 'FAILED', 'TIMEOUT', 'ERROR', 'EXPIRED'] as const;

/** A state that this version does not know counts as live and is reported: a new name must not end a good run. */
export function isLive(state: string): boolean {
  return !(ENDED as readonly string[]).includes(state);
}

export function isKnownState(state: string): boolean {
  return [...LIVE, ...ENDED].some((known) => known === state);
}

/** What a stage needs to know of the end of its Glue run. */
export interface EndedRun {
  readonly state: string;
  readonly errorMessage?: string | undefined;
}

/** A run of one of the pipeline's jobs that has not ended. */
export interface LiveGlueRun {
  /** The pipeline run's id in the bucket. */
  readonly run?: string;
  readonly jobName: string;
  readonly jobRunId: string;
  readonly script: ScriptName;
  readonly token: string;
}

/** Text by which Glue's error messages tell what they are about; first match wins. */
const MESSAGE_PATTERNS: readonly (readonly [RegExp, FailureType])[] = [
  [
    /OutOfMemory|out of memory|Java heap space|GC overhead|exit(ed)? (status|code):? 137|OUT_OF_MEMORY/i,
    'GlueOutOfMemory',
  ],
  [/DeadLetterError/, 'LoadIncomplete'],
  [/ReferenceDataError/, 'ReferenceDataInvalid'],
  // As boto3 words them: the code, then the operation, which tells the service.
  [
    /\(ResourceNotFoundException\) when calling the (Query|GetItem|BatchGetItem|TransactWriteItems) operation/,
    'TableMissing',
  ],
  [/\(ValidationException\).*does not have the specified index/, 'TableMisconfigured'],
  [/\bNoSuchBucket\b/, 'BucketMissing'],
  [/ExpiredToken|InvalidAccessKeyId|UnrecognizedClient|InvalidClientTokenId/, 'CredentialsInvalid'],
  [/AccessDenied|not authorized|PERMISSION_ERROR/i, 'AccessDenied'],
  [/ThrottlingException|Rate exceeded|SlowDown|THROTTLING_ERROR/i, 'GlueRunErrored'],
  [/INTERNAL_SERVICE_ERROR|Internal service|CONNECTION_ERROR|LAUNCH_ERROR/i, 'GlueRunErrored'],
];

/** The failure type of a Glue run that did not succeed; `undefined` for one that did. */
export function classifyEndedRun({ state, errorMessage }: EndedRun): FailureType | undefined {
  switch (state) {
    case 'SUCCEEDED':
      return undefined;
    case 'STOPPED':
      return 'GlueRunStopped';
    case 'TIMEOUT':
      return 'GlueTimedOut';
    case 'ERROR':
    case 'EXPIRED':
      return 'GlueRunErrored';
    default:
      return MESSAGE_PATTERNS.find(([pattern]) => pattern.test(errorMessage ?? ''))?.[1] ?? 'GlueRunFailed';
  }
}

/** The argument that names the pipeline run, by its id in the bucket. */
export const RUN_ARGUMENT = '--run_id';

/** The argument that carries the token of a run. */
export const TOKEN_ARGUMENT = '--run_token';

/**
 * Names a Glue run before it exists, so that it can be found again whatever happens to the answer of its start. The
 * workflow id and the original run id survive a reset, which therefore adopts; an operator's retry raises the round, which
 * makes the wanted second run a new one.
 */
export function glueRunToken(
  workflowId: string,
  originalRunId: string,
  stage: StageName,
  round: number,
): string {
  return `${workflowId}/${originalRunId}/${stage}/${round}`;
}

export interface TokenParts {
  readonly workflowId: string;
  readonly originalRunId: string;
  readonly stage: string;
  readonly round: number;
}

/** What a token was made of; `undefined` for text that is no token of ours. */
export function ownerOfToken(token: string): TokenParts | undefined {
  const [, workflowId, originalRunId, stage, round] = /^(.+)\/([^/]+)\/([^/]+)\/(\d+)$/.exec(token) ?? [];
  if (workflowId === undefined || originalRunId === undefined || stage === undefined) return undefined;
  return { workflowId, originalRunId, stage, round: Number(round) };
}

/**
 * Whether a run that carries one token is what a stage that asks with another goes on with: the same stage of the same
 * run, in that round or a later one. A run that was rewound on the server asks again for a round that an operator's
 * retry had left behind, and what came of the retry must not get a second run beside it.
 */
export function answersToken(carried: string, asked: string): boolean {
  const [mine, wanted] = [ownerOfToken(carried), ownerOfToken(asked)];
  if (mine === undefined || wanted === undefined) return carried === asked;
  const { workflowId, originalRunId, stage, round } = wanted;
  const same = mine.workflowId === workflowId && mine.originalRunId === originalRunId && mine.stage === stage;
  return same && mine.round >= round;
}

/** Job runs that one BatchStopJobRun takes. */
export const STOPPED_AT_ONCE = 25;

/** List price of a DPU-hour of standard execution in US dollars; regions differ a little. */
export const DOLLARS_PER_DPU_HOUR = 0.44;

/** DPUs of a worker, as AWS lists them. R types are memory-optimised and counted in M-DPUs. */
const DPU_OF_WORKER: Readonly<Record<string, number>> = {
  'G.1X': 1,
  'G.2X': 2,
  'G.4X': 4,
  'G.8X': 8,
  'R.1X': 1,
  'R.2X': 2,
  'R.4X': 4,
  'R.8X': 8,
};

/** Shortest time that Glue bills, in seconds. */
const BILLED_AT_LEAST_SECONDS = 60;

/**
 * DPU-seconds of a run. Glue reports them only for FLEX and auto-scaling runs; for the others this is
 * `max(60, execution seconds) x workers x DPU of a worker`.
 */
export function dpuSeconds(run: {
  readonly reported?: number | undefined;
  readonly executionSeconds: number;
  readonly workerType?: string | undefined;
  readonly numberOfWorkers?: number | undefined;
}): number | undefined {
  if (run.reported !== undefined) return run.reported;
  const dpu = run.workerType === undefined ? undefined : DPU_OF_WORKER[run.workerType];
  if (dpu === undefined || run.numberOfWorkers === undefined) return undefined;
  return Math.max(BILLED_AT_LEAST_SECONDS, run.executionSeconds) * run.numberOfWorkers * dpu;
}
