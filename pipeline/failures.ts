/**
 * The closed list of what can go wrong in a run or a procedure. A failure's type decides who deals with it: the retry
 * policy (`retry`), patience (`wait`), the operator (`operator`, the stage or step parks at once), or whoever asked for
 * something that does not exist (`asker`, nothing is begun). Activities throw failures of these types only; anything else
 * is a defect and parks as `UnexpectedError`.
 */

export type Handling = 'retry' | 'wait' | 'operator' | 'asker';

interface FailureTraits {
  readonly handling: Handling;
  /** What the operator can do once the run is parked with it. */
  readonly advice: string;
}

export const FAILURES = {
  SettingsInvalid: {
    handling: 'operator',
    advice: 'Correct the named setting of the worker, restart it, then retry the stage.',
  },
  CredentialsInvalid: {
    handling: 'operator',
    advice:
      "Renew the worker's AWS credentials, restart it, then retry the stage. Of a Glue run: retry, the next one gets new ones.",
  },
  AccessDenied: {
    handling: 'operator',
    advice: 'Grant the named action on the named resource, then retry the stage.',
  },
  WrongAccount: {
    handling: 'operator',
    advice:
      'Point the worker at the expected account or correct MSP_EXPECTED_ACCOUNT, restart it, then retry.',
  },
  ClockSkewed: { handling: 'operator', advice: "Correct the worker host's clock, then retry the stage." },
  BucketMissing: {
    handling: 'operator',
    advice:
      'Create the bucket, then retry the stage. Where MSP_BUCKET is wrong: correct it, restart the worker, abort this run and start a new one, since a run keeps its settings.',
  },
  BucketMisconfigured: {
    handling: 'operator',
    advice: 'Enable versioning on the bucket, then retry the stage.',
  },
  TableMissing: {
    handling: 'operator',
    advice:
      'Create the table, then retry the stage. Where MSP_TABLE is wrong: correct it and restart the worker; validate_aws_connection reads it anew when it is retried, in a later stage abort this run and start a new one, since a run keeps its settings.',
  },
  TableMisconfigured: {
    handling: 'operator',
    advice:
      'Give the table the status, keys and indexes that the message names (docs/setup.md, On AWS), then retry the stage. The key of a table can not be changed: create another table, name it by MSP_TABLE, restart the worker, then retry.',
  },
  ScriptsInvalid: {
    handling: 'operator',
    advice:
      'Build the worker with its Glue scripts again (`npm run setup` in a checkout), deploy it, then retry the stage. Where an object under scripts/ is named: restore its first version.',
  },
  ReferenceDataInvalid: {
    handling: 'operator',
    advice:
      'Deliver songs and users (`msp ingest --songs … --users …`). Retry check_reference_data; a later stage keeps the version that was checked, so shut the run down and go on from there (`msp recover run RUN --from check_reference_data`).',
  },
  InputInvalid: {
    handling: 'operator',
    advice: 'Name inputs that exist under streams/, or start a run without inputs.',
  },
  InputVanished: {
    handling: 'operator',
    advice:
      'Put the same bytes under the staged key that is named, then retry; or skip archive_processed_data: what is published stays.',
  },
  InputsTaken: {
    handling: 'operator',
    advice:
      'Another run has the named input, or has processed a later delivery of it: abort this one; a new run takes what is left.',
  },
  ShutdownAtWork: {
    handling: 'operator',
    advice: 'Wait until it has ended, then retry the step.',
  },
  ShutdownUnknown: {
    handling: 'asker',
    advice: 'Give the id that the shutdown printed; its folder is under processed/shutdowns/.',
  },
  ResumeImpossible: {
    handling: 'asker',
    advice: 'Start a new run instead: it takes over the inputs that the closed run had claimed.',
  },
  RecoveryImpossible: {
    handling: 'asker',
    advice: 'Start another that names days, files or a run that have records, or looks at everything (find).',
  },
  PlanOutdated: {
    handling: 'operator',
    advice: 'Abort, then start the procedure again: it plans from the present state.',
  },
  RunNotCompleted: {
    handling: 'operator',
    advice:
      'Look at what the message names (`msp status`, `msp glue runs`), correct the cause, then retry the step: it goes on where it stood, waits for a run that goes on again, and else starts another.',
  },
  ManifestLost: {
    handling: 'operator',
    advice:
      'Bring the manifest back (`msp recover data --dates …`), or copy it from outside the bucket; then retry the stage.',
  },
  CorrectionHalfPublished: {
    handling: 'operator',
    advice:
      'Deliver a good file under the named key, then abort this run: the next one puts its days right, from whatever they are now.',
  },
  DocumentInvalid: {
    handling: 'operator',
    advice:
      'Restore the last right version of the named object (its versions are kept in the bucket), then retry the stage.',
  },
  ReportInvalid: {
    handling: 'operator',
    advice:
      'Worker and scripts do not fit together: deploy one build, shut the run down, and go on from the stage that wrote the report (`msp recover run RUN --from STAGE`).',
  },
  OutputChanged: {
    handling: 'operator',
    advice:
      'The named file is not what Glue wrote: restore its first version and retry the stage, or shut the run down and have it computed once more (`msp recover run RUN --from kpi_computation`).',
  },
  CountsDisagree: {
    handling: 'operator',
    advice:
      'Rows are missing from the report: read the log of the validation run, shut the run down, and go on from validation (`msp recover run RUN --from validation`).',
  },
  KpiInvariantBroken: {
    handling: 'operator',
    advice:
      'Look at the named metric. Skip the check knowing what it says, or shut the run down and go on from kpi_computation (`msp recover run RUN --from kpi_computation`).',
  },
  ArchiveMismatch: {
    handling: 'operator',
    advice:
      'The archived copy differs from the input. Nothing was deleted; look at both, then retry the stage.',
  },
  GlueJobMissing: {
    handling: 'operator',
    advice:
      'Shut the run down and go on (`msp recover run RUN`): it creates the job when it begins. What has finished is kept.',
  },
  StartRefused: {
    handling: 'operator',
    advice:
      'Retry the stage with overrides that Glue takes (workerType, numberOfWorkers, timeoutMinutes). Where a setting of the worker is wrong: correct it, restart the worker, shut the run down, and go on (`msp recover run RUN`).',
  },
  GlueRunFailed: {
    handling: 'operator',
    advice: "Read the run's log (`msp logs`), correct the cause, then retry the stage.",
  },
  GlueOutOfMemory: {
    handling: 'operator',
    advice: 'Retry the stage with more or larger workers (overrides: numberOfWorkers, workerType).',
  },
  GlueTimedOut: {
    handling: 'operator',
    advice:
      'Retry the stage with a longer timeout or more workers (overrides: timeoutMinutes, numberOfWorkers).',
  },
  GlueRunStopped: {
    handling: 'operator',
    advice: 'Somebody stopped the Glue run. Retry the stage when it may run again.',
  },
  GlueRunVanished: {
    handling: 'operator',
    advice: 'Glue no longer knows its run. Retry the stage to start another.',
  },
  LoadIncomplete: {
    handling: 'operator',
    advice:
      'Items could not be written: read the dead letters (`processed/runs/ID/`, or as the message names them) and correct the cause. In dynamodb_load, retry; in update_processing_state, shut the run down and go on from dynamodb_load (`msp recover run RUN --from dynamodb_load`).',
  },
  GlueRunErrored: {
    handling: 'retry',
    advice: 'Glue itself failed repeatedly. Check the AWS health page, then retry the stage.',
  },
  GlueBusy: {
    handling: 'wait',
    advice:
      'The job or the account runs at its limit, or a Glue run that was told to stop has not ended. See what occupies the job (`msp glue runs`; `msp glue sweep` stops what nobody watches), wait for it, or raise MaxConcurrentRuns of the job in Glue (MSP_MAX_CONCURRENT_RUNS counts only when the job is created); then retry.',
  },
  StartOutcomeUnknown: {
    handling: 'retry',
    advice:
      'The start was not answered and the run was not found. Retry the stage: a run that began is adopted.',
  },
  Throttled: {
    handling: 'retry',
    advice: 'AWS throttles these calls. Wait a few minutes, then retry the stage.',
  },
  ServiceUnavailable: {
    handling: 'retry',
    advice: 'The service did not answer properly. Check its health and the network, then retry the stage.',
  },
  PublishConflict: { handling: 'retry', advice: 'Other runs kept publishing the same day. Retry the stage.' },
  UnexpectedError: {
    handling: 'retry',
    advice: "A defect or an unknown answer: read the message and the worker's log, then retry the stage.",
  },
} as const satisfies Record<string, FailureTraits>;

export type FailureType = keyof typeof FAILURES;

export function isFailureType(value: string | null | undefined): value is FailureType {
  return value !== null && value !== undefined && Object.hasOwn(FAILURES, value);
}

/** A procedure was asked about something that does not exist. */
export function isUnknownSubject(type: string | undefined): boolean {
  return isFailureType(type) && FAILURES[type].handling === 'asker';
}

/** Whether trying again does not help. */
export function isFinal(type: FailureType): boolean {
  const { handling } = FAILURES[type];
  return handling === 'operator' || handling === 'asker';
}

/** The types at which a retry policy must give up at once. */
export const OPERATOR_FAILURES: FailureType[] = (Object.keys(FAILURES) as FailureType[]).filter((type) =>
  isFinal(type),
);

/** Error codes that mean the same of every AWS service (the SDK's `error.name`); not listed means: look at the HTTP status. */
const AWS_CODES: Readonly<Record<string, FailureType>> = {
  AccessDenied: 'AccessDenied',
  AccessDeniedException: 'AccessDenied',
  AllAccessDisabled: 'AccessDenied',
  UnauthorizedOperation: 'AccessDenied',
  CredentialsProviderError: 'CredentialsInvalid',
  ExpiredToken: 'CredentialsInvalid',
  ExpiredTokenException: 'CredentialsInvalid',
  InvalidAccessKeyId: 'CredentialsInvalid',
  InvalidClientTokenId: 'CredentialsInvalid',
  InvalidSignatureException: 'CredentialsInvalid',
  SignatureDoesNotMatch: 'CredentialsInvalid',
  TokenRefreshRequired: 'CredentialsInvalid',
  UnrecognizedClientException: 'CredentialsInvalid',
  RequestTimeTooSkewed: 'ClockSkewed',
  RequestExpired: 'ClockSkewed',
  BandwidthLimitExceeded: 'Throttled',
  LimitExceededException: 'Throttled',
  PriorRequestNotComplete: 'Throttled',
  ProvisionedThroughputExceededException: 'Throttled',
  RequestLimitExceeded: 'Throttled',
  RequestThrottled: 'Throttled',
  RequestThrottledException: 'Throttled',
  SlowDown: 'Throttled',
  ThrottledException: 'Throttled',
  Throttling: 'Throttled',
  ThrottlingException: 'Throttled',
  TooManyRequestsException: 'Throttled',
  InternalError: 'ServiceUnavailable',
  InternalServerError: 'ServiceUnavailable',
  InternalServiceException: 'ServiceUnavailable',
  OperationTimeoutException: 'ServiceUnavailable',
  RequestTimeout: 'ServiceUnavailable',
  ServiceUnavailable: 'ServiceUnavailable',
  TimeoutError: 'ServiceUnavailable',
};

/** Error codes that say what is missing or busy, and so belong to a service, by the SDK's name of it. */
const SERVICE_CODES: Readonly<Record<string, Readonly<Record<string, FailureType>>>> = {
  S3: { NoSuchBucket: 'BucketMissing' },
  DynamoDB: { ResourceNotFoundException: 'TableMissing', TableNotFoundException: 'TableMissing' },
  Glue: {
    EntityNotFoundException: 'GlueJobMissing',
    ConcurrentRunsExceededException: 'GlueBusy',
    ResourceNumberLimitExceededException: 'GlueBusy',
    ConcurrentModificationException: 'PublishConflict',
  },
};

/** Codes of Node's network errors: nothing answered, or the connection broke. */
const NETWORK_CODES = new Set([
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
]);

/** What an error shows of itself. By name and code, not by class: the same error may come from another realm. */
export interface ErrorTraits {
  /** The AWS service that answered, as the SDK names it: `S3`, `DynamoDB`, `CloudWatchLogs`. */
  readonly service?: string | undefined;
  readonly name?: string | undefined;
  readonly code?: string | undefined;
  readonly httpStatus?: number | undefined;
}

/** The failure type of an error that an AWS call ended with. */
export function classifyAwsError({ service = '', name = '', code, httpStatus }: ErrorTraits): FailureType {
  const named = SERVICE_CODES[service]?.[name] ?? AWS_CODES[name] ?? AWS_CODES[code ?? ''];
  if (named !== undefined) return named;
  if (code !== undefined && NETWORK_CODES.has(code)) return 'ServiceUnavailable';
  if (httpStatus === 429) return 'Throttled';
  if (httpStatus !== undefined && httpStatus >= 500) return 'ServiceUnavailable';
  if (httpStatus === 401 || httpStatus === 403) return 'AccessDenied';
  return 'UnexpectedError';
}
