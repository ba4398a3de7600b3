/**
 * The errors that the client throws on purpose. Each names what happened, to what, and what to do; `code` tells programs
 * what kind it is. Errors of the SDKs are turned into these at the edge by {@link explain}.
 */
import type { z } from 'zod';
import { classifyAwsError, serviceOf } from '../pipeline/failures.ts';
import { problemsOf } from '../pipeline/problems.ts';

/** What kind of trouble: the CLI's exit codes hang on it. */
export const CLIENT_ERROR_CODES = {
  /** The work was done and ended badly. */
  Failed: 'Failed',
  /** The caller asked for something that makes no sense. */
  WrongUse: 'WrongUse',
  /** No such run, object, job, table, schedule. */
  NotFound: 'NotFound',
  /** The run can't follow the command in its present state. */
  Refused: 'Refused',
  /** A system did not answer. */
  Unreachable: 'Unreachable',
  /** A system answered that these credentials may not. */
  NotAllowed: 'NotAllowed',
  /** The run waits for an operator. */
  NeedsOperator: 'NeedsOperator',
} as const;
export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[keyof typeof CLIENT_ERROR_CODES];

export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  /** What to do next. */
  readonly advice: string | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    options: { readonly advice?: string; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.advice = options.advice;
  }
}

export function notFound(what: string, advice?: string, cause?: unknown): ClientError {
  return new ClientError('NotFound', what, { ...(advice === undefined ? {} : { advice }), cause });
}

/** @throws ClientError naming each wrong field of what the caller asks for, before anything is started */
export function checkRequest(schema: z.ZodType, given: unknown): void {
  const parsed = schema.safeParse(given);
  if (parsed.success) return;
  const problems = problemsOf(parsed.error, given).join('\n');
  throw new ClientError('WrongUse', `Not a valid request:\n${problems}`, { cause: parsed.error });
}

/** What an unknown error shows of itself, read without trusting its class: it may come from another realm. */
interface ErrorShape {
  readonly name: string;
  readonly message: string;
  readonly code: string | number | undefined;
  readonly httpStatus: number | undefined;
  readonly details: string | undefined;
}

export function shapeOf(error: unknown): ErrorShape {
  const field = (from: unknown, name: string): unknown =>
    typeof from === 'object' && from !== null && name in from ? Reflect.get(from, name) : undefined;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const code = field(error, 'code');
  const status = field(field(error, '$metadata'), 'httpStatusCode');
  return {
    name: text(field(error, 'name')) ?? 'Error',
    message: text(field(error, 'message')) ?? String(error),
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    httpStatus: typeof status === 'number' ? status : undefined,
    details: text(field(error, 'details')),
  };
}

/** Chain of causes, the error itself first. Ten deep is more than any SDK nests; the limit ends cycles. */
export function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let next = error; next !== undefined && next !== null && chain.length < 10;) {
    chain.push(next);
    next = typeof next === 'object' && 'cause' in next ? next.cause : undefined;
  }
  return chain;
}

/** gRPC status codes that the Temporal server or its absence answer with. */
export const GRPC = {
  /** The server's word for a call that it saw to be late before the caller did. */
  Cancelled: 1,
  InvalidArgument: 3,
  DeadlineExceeded: 4,
  NotFound: 5,
  PermissionDenied: 7,
  Unavailable: 14,
  Unauthenticated: 16,
} as const;

/**
 * The error as a {@link ClientError}.
 * @param what the thing that was worked on, as in `bucket b`; stands at the beginning of the message
 */
export function explain(error: unknown, what: string): ClientError {
  if (error instanceof ClientError) return error;
  const shapes = causesOf(error).map(shapeOf);
  const grpc = shapes.find((shape) => typeof shape.code === 'number' && shape.details !== undefined);
  if (grpc !== undefined) return explainGrpc(error, grpc, what);
  const broken = shapes.find(isNetworkTrouble);
  if (broken !== undefined) return unreachable(what, broken.message || String(broken.code), error);
  return explainAws(error, shapeOf(error), what);
}

/** Codes of Node's network errors, and what the Temporal client says when it could not connect. */
function isNetworkTrouble({ code, message }: ErrorShape): boolean {
  const networkCode = /^(ECONN[A-Z]+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|E(HOST|NET)UNREACH|EPIPE)$/;
  return networkCode.test(String(code)) || /Failed to connect before the deadline/i.test(message);
}

function explainAws(error: unknown, shape: ErrorShape, what: string): ClientError {
  const { name, message, httpStatus } = shape;
  const as = (code: ClientErrorCode, advice?: string, said = message): ClientError =>
    new ClientError(code, `${what}: ${said}`, { ...(advice === undefined ? {} : { advice }), cause: error });
  if (/^Region is missing/.test(message)) {
    return as(
      'WrongUse',
      'Set AWS_REGION, or start a local stack with msp local up.',
      'no AWS region is set',
    );
  }
  const type = classifyAwsError({ service: serviceOf(error), name, httpStatus });
  switch (type) {
    case 'AccessDenied':
      return as(
        'NotAllowed',
        'Have the named action granted to the AWS identity that this command runs with.',
      );
    case 'CredentialsInvalid':
      return as(
        'NotAllowed',
        'Renew the AWS credentials that this command runs with: sign in again, or take new keys.',
      );
    case 'ClockSkewed':
      return as('NotAllowed', "Correct this machine's clock.");
    case 'ServiceUnavailable':
    case 'Throttled':
      return as('Unreachable', 'Try again in a minute; if it stays so, check the health of the service.');
    case 'BucketMissing':
      return as('NotFound', 'Create the bucket, or correct MSP_BUCKET.');
    case 'TableMissing':
      return as('NotFound', 'Create the table, or correct MSP_TABLE.');
    default:
      return as(httpStatus === 404 || /NotFound|NoSuch/.test(name) ? 'NotFound' : 'Failed');
  }
}

function explainGrpc(error: unknown, { code, details, message }: ErrorShape, what: string): ClientError {
  const said = (details === undefined || details === '' ? message : details).replace(
    /\s*Resolution note:.*$/s,
    '',
  );
  switch (code) {
    case GRPC.NotFound:
      return notFound(
        `${what}: ${said}`,
        /namespace/i.test(said) ? 'Correct TEMPORAL_NAMESPACE, or the profile that names it.' : undefined,
        error,
      );
    case GRPC.InvalidArgument:
      return new ClientError('WrongUse', `${what}: ${said}`, {
        ...(/search attribute/i.test(said)
          ? { advice: 'Give the namespace the search attributes (docs/setup.md, On AWS).' }
          : {}),
        cause: error,
      });
    case GRPC.PermissionDenied:
    case GRPC.Unauthenticated:
      return new ClientError('NotAllowed', `${what}: ${said}`, {
        advice: 'Check the Temporal API key or certificate (TEMPORAL_*).',
        cause: error,
      });
    case GRPC.Cancelled:
    case GRPC.DeadlineExceeded:
    case GRPC.Unavailable:
      return unreachable(what, said, error);
    default:
      return new ClientError('Failed', `${what}: ${said}`, { cause: error });
  }
}

function unreachable(what: string, why: string, cause: unknown): ClientError {
  return new ClientError('Unreachable', `${what} did not answer: ${why}`, {
    advice: 'Check that it runs and that its address is right; a local stack is started with msp local up.',
    cause,
  });
}
