/**
 * What the local Glue answers when it refuses a call: the code and text of AWS's JSON protocol. Only these reach a
 * caller; any other error is a defect of the server and is answered as `InternalServiceException` without its details.
 */

/** HTTP status of each code. Glue answers 400 for whatever the caller can correct and 500 for its own failures. */
const STATUS_OF_CODE = {
  AccessDeniedException: 400,
  AlreadyExistsException: 400,
  ConcurrentRunsExceededException: 400,
  EntityNotFoundException: 400,
  ExpiredTokenException: 400,
  IncompleteSignatureException: 400,
  InternalServiceException: 500,
  InvalidInputException: 400,
  InvalidSignatureException: 400,
  MissingAuthenticationTokenException: 400,
  OperationTimeoutException: 400,
  ResourceNumberLimitExceededException: 400,
  SerializationException: 400,
  ThrottlingException: 400,
  UnknownOperationException: 404,
  UnrecognizedClientException: 400,
} as const;

export type GlueErrorCode = keyof typeof STATUS_OF_CODE;
export const GLUE_ERROR_CODES = Object.keys(STATUS_OF_CODE) as [GlueErrorCode, ...GlueErrorCode[]];

export class GlueError extends Error {
  override readonly name = 'GlueError';
  readonly code: GlueErrorCode;

  constructor(code: GlueErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get status(): number {
    return STATUS_OF_CODE[this.code];
  }
}

export function invalidInput(message: string): GlueError {
  return new GlueError('InvalidInputException', message);
}

export function jobNotFound(jobName: string): GlueError {
  return new GlueError('EntityNotFoundException', `Job ${jobName} was not found.`);
}

export function runNotFound(jobName: string, runId: string): GlueError {
  return new GlueError('EntityNotFoundException', `Job run ${runId} of job ${jobName} was not found.`);
}

/**
 * What a run needs of another AWS service could not be had. `refused` when the service said no, which the job's owner
 * can correct; else it could not be asked.
 */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly refused: boolean;

  constructor(message: string, refused: boolean, options?: ErrorOptions) {
    super(message, options);
    this.refused = refused;
  }
}
