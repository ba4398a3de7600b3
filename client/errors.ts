/**
 * The errors that the client throws on purpose. Each names what happened, to what, and what to do; `code` tells programs
 * what kind it is. Errors of the SDKs are turned into these at the edge by {@link explain}.
 */
import type { z } from 'zod';
import { classifyAwsError, type FailureType } from '../pipeline/failures.ts';
import { problemsOf } from '../pipeline/problems.ts';
import type { Caller } from '../systems/aws/caller.ts';
import { traitsOf } from '../systems/aws/errors.ts';

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
/** One of {@link CLIENT_ERROR_CODES}. */
export type ClientErrorCode = (typeof CLIENT_ERROR_CODES)[keyof typeof CLIENT_ERROR_CODES];

/**
 * What the client throws on purpose.
 *
 * @example
 * ```ts
 * try {
 *   await pipeline.runs.command('approve', run, { by, reason });
 * } catch (error) {
 *   if (error instanceof ClientError && error.code === 'Refused') console.error(error.message, error.advice);
 *   else throw error;
 * }
 * ```
 */
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

/** What an error shows of itself: what AWS's show, and the status code and details of gRPC's. */
interface ErrorShape extends Omit<ReturnType<typeof traitsOf>, 'code'> {
  readonly code?: unknown;
  readonly details?: unknown;
}

export function shapeOf(error: unknown): ErrorShape {
  const { code, details } = (error ?? {}) as { code?: unknown; details?: unknown };
  return { ...traitsOf(error), code, details };
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
  const grpc = shapes.find(({ code, details }) => typeof code === 'number' && typeof details === 'string');
  if (grpc !== undefined) return explainGrpc(error, grpc, what);
  const broken = shapes.find(isNetworkTrouble);
  if (broken !== undefined) return unreachable(what, broken.message || String(broken.code), error);
  return explainAws(error, what);
}

/** Codes of Node's network errors, and what the Temporal client says when it could not connect. */
function isNetworkTrouble({ code, message }: ErrorShape): boolean {
  const networkCode = /^(ECONN[A-Z]+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|E(HOST|NET)UNREACH|EPIPE)$/;
  return networkCode.test(String(code)) || /Failed to connect before the deadline/i.test(message);
}

const LATER = 'Try again in a minute; if it stays so, check the health of the service.';

/** How the client calls AWS: each error is explained. */
export const clientCaller: Caller = {
  async call({ resource }, send) {
    try {
      return await send({});
    } catch (error) {
      throw explain(error, resource);
    }
  },
  failure(type, message, cause) {
    const { code, ...advised } = KINDS[type] ?? { code: 'Failed' };
    return new ClientError(code, message, { ...advised, cause });
  },
};

/** What kind of trouble a failure is to whoever uses the client; others mean that the work ended badly. */
const KINDS: Readonly<
  Partial<Record<FailureType, { readonly code: ClientErrorCode; readonly advice: string }>>
> = {
  AccessDenied: {
    code: 'NotAllowed',
    advice: 'Have the named action granted to the AWS identity that this command runs with.',
  },
  CredentialsInvalid: {
    code: 'NotAllowed',
    advice: 'Renew the AWS credentials that this command runs with: sign in again, or take new keys.',
  },
  ClockSkewed: { code: 'NotAllowed', advice: "Correct this machine's clock." },
  ServiceUnavailable: { code: 'Unreachable', advice: LATER },
  Throttled: { code: 'Unreachable', advice: LATER },
  BucketMissing: { code: 'NotFound', advice: 'Create the bucket, or correct MSP_BUCKET.' },
  TableMissing: { code: 'NotFound', advice: 'Create the table, or correct MSP_TABLE.' },
  DocumentInvalid: {
    code: 'Failed',
    advice: 'The document was written by another version of the pipeline, or changed by hand.',
  },
};

function explainAws(error: unknown, what: string): ClientError {
  const traits = traitsOf(error);
  const { name = '', message, httpStatus } = traits;
  if (/^Region is missing/.test(message)) {
    return new ClientError('WrongUse', `${what}: no AWS region is set`, {
      advice: 'Set AWS_REGION, or start a local stack with msp local up.',
      cause: error,
    });
  }
  const isUnknown = httpStatus === 404 || /NotFound|NoSuch/.test(name);
  const { code, ...advised } = KINDS[classifyAwsError(traits)] ?? { code: isUnknown ? 'NotFound' : 'Failed' };
  return new ClientError(code, `${what}: ${message}`, { ...advised, cause: error });
}

function explainGrpc(error: unknown, { code, details, message }: ErrorShape, what: string): ClientError {
  const said = (typeof details === 'string' && details !== '' ? details : message).replace(
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
