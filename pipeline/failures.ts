/**
 * The closed list of what can go wrong in a run. A failure's type decides who deals with it: the retry policy
 * (`retry`), patience (`wait`), or the operator (`operator`, the stage parks at once). Activities throw failures of
 * these types only; anything else is a defect and parks as `UnexpectedError`.
 */

export type Handling = 'retry' | 'wait' | 'operator';

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
    advice: "Renew the worker's AWS credentials, restart it, then retry the stage.",
  },
  AccessDenied: {
    handling: 'operator',
    advice: 'Grant the named action on the named resource, then retry the stage.',
  },
  WrongAccount: {
    handling: 'operator',
    advice: 'Point the worker at the expected account or correct MSP_EXPECTED_ACCOUNT, then retry.',
  },
  ClockSkewed: { handling: 'operator', advice: "Correct the worker host's clock, then retry the stage." },
  BucketMissing: {
    handling: 'operator',
    advice: 'Create the bucket or correct MSP_BUCKET, then retry the stage.',
  },
  BucketMisconfigured: {
    handling: 'operator',
    advice: 'Enable versioning on the bucket, then retry the stage.',
  },
  TableMissing: {
    handling: 'operator',
    advice: 'Create the table or correct MSP_TABLE, then retry the stage.',
  },
  ScriptsInvalid: {
    handling: 'operator',
    advice: 'Build the worker package again (`npm run build`), deploy it, then retry the stage.',
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
    advice: 'Deliver the named input again or restore its version, then retry the stage.',
  },
  InputsTaken: {
    handling: 'operator',
    advice:
      'Another run has the named input, or has processed a later delivery of it: abort this one; a new run takes what is left.',
  },
  ShutdownUnknown: {
    handling: 'operator',
    advice: 'Give the id that the shutdown printed; its folder is under processed/shutdowns/.',
  },
  ResumeImpossible: {
    handling: 'operator',
    advice: 'Start a new run instead: it takes over the inputs that the closed run had claimed.',
  },
  RecoveryImpossible: {
    handling: 'operator',
    advice: 'Start another that names days, files or a run that have records, or looks at everything (find).',
  },
  PlanOutdated: {
    handling: 'operator',
    advice: 'Abort, then start the procedure again: it plans from the present state.',
  },
  RunNotCompleted: {
    handling: 'operator',
    advice:
      'Look at the named run (msp status), correct the cause, then retry the step: it waits for the run if that goes on again, else starts another.',
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
    advice: 'Look at the named object; restore an earlier version of it, then retry the stage.',
  },
  ReportInvalid: {
    handling: 'operator',
    advice:
      'Worker and scripts do not fit together: deploy one build, shut the run down, and go on from the stage that wrote the report (`msp recover run RUN --from STAGE`).',
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
      'Create the job, or shut the run down and go on from verify_glue_scripts, which creates it (`msp recover run RUN --from verify_glue_scripts`).',
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
    advice: 'Glue no longer knows the run. Retry the stage to start another.',
  },
  LoadIncomplete: {
    handling: 'operator',
    advice:
      'Items could not be written: read the dead letters named in the message, correct the cause, then retry.',
  },
  GlueRunErrored: {
    handling: 'retry',
    advice: 'Glue itself failed repeatedly. Check the AWS health page, then retry the stage.',
  },
  GlueBusy: {
    handling: 'wait',
    advice:
      'The job runs at its concurrency limit, or a run that was told to stop has not ended: wait for other runs, or raise MSP_MAX_CONCURRENT_RUNS, then retry.',
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
  return type === 'RecoveryImpossible' || type === 'ShutdownUnknown';
}

/** The types at which a retry policy must give up at once. */
export const OPERATOR_FAILURES: FailureType[] = (Object.keys(FAILURES) as FailureType[]).filter(
  (type) => FAILURES[type].handling === 'operator',
);

/** Error codes of AWS services (the SDK's `error.name`) and what they are here; not listed means: look at the HTTP status. */
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
  NoSuchBucket: 'BucketMissing',
  EntityNotFoundException: 'GlueJobMissing',
  ConcurrentRunsExceededException: 'GlueBusy',
  ResourceNumberLimitExceededException: 'GlueBusy',
  ConcurrentModificationException: 'PublishConflict',
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
  readonly name?: string | undefined;
  readonly code?: string | undefined;
  readonly httpStatus?: number | undefined;
}

/** The failure type of an error that an AWS call ended with. */
export function classifyAwsError({ name, code, httpStatus }: ErrorTraits): FailureType {
  const named =
    (name !== undefined ? AWS_CODES[name] : undefined) ?? (code !== undefined ? AWS_CODES[code] : undefined);
  if (named !== undefined) return named;
  if (code !== undefined && NETWORK_CODES.has(code)) return 'ServiceUnavailable';
  if (httpStatus === 429) return 'Throttled';
  if (httpStatus !== undefined && httpStatus >= 500) return 'ServiceUnavailable';
  if (httpStatus === 401 || httpStatus === 403) return 'AccessDenied';
  return 'UnexpectedError';
}
