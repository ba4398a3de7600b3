/**
 * Glue's wire protocol (AWS JSON 1.1): `POST /` with the operation in `x-amz-target`, a JSON body, a JSON answer; an
 * error is `{"__type": CODE, "Message": TEXT}`. A call is checked in AWS's order: who (signature), what (input), whether
 * (permissions); then it takes effect.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { GlueError } from './errors.ts';
import type { Faults } from './faults.ts';
import type { OperationTable, Permission } from './operation.ts';

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** @returns the ARN of whoever signed the request. @throws GlueError when the signature does not hold. */
export type Authenticate = (request: WireRequest) => Promise<string>;

/** @throws GlueError AccessDeniedException unless the principal has every permission. */
export type Authorise = (principal: string, permissions: readonly Permission[]) => Promise<void>;

export interface WireDependencies {
  readonly operations: OperationTable;
  /** Absent: callers are not asked who they are, and may do all. */
  readonly authenticate?: Authenticate | undefined;
  readonly authorise?: Authorise | undefined;
  readonly faults: Faults;
  readonly logger: Logger;
}

/** A job definition may hold a graph of some hundred kilobytes; nothing that Glue takes is larger than this. */
const LARGEST_BODY_BYTES = 4 * 1024 * 1024;

/** All that a caller learns of what is not its own mistake. */
const DEFECT = 'The local Glue failed; its log says why.';

const TARGET = /^AWSGlue\.(\w+)$/;

/** What a fault may match: the name of the job that a call is about. */
const aboutJob = z.object({ JobName: z.string().optional(), Name: z.string().optional() });

export function glueWire(dependencies: WireDependencies): RequestListener {
  return (request, response) => {
    answer(dependencies, request, response).catch((error: unknown) => {
      dependencies.logger.error({ err: error }, 'a request could not be answered');
      response.destroy();
    });
  };
}

async function answer(
  dependencies: WireDependencies,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { logger, faults } = dependencies;
  const requestId = randomUUID();
  response.setHeader('x-amzn-RequestId', requestId);
  let operation = 'unknown';
  try {
    const request = await received(incoming);
    operation = TARGET.exec(request.headers['x-amz-target'] ?? '')?.[1] ?? 'unknown';
    const body = jsonOf(request.body);
    const about = aboutJob.safeParse(body).data;
    const fault = faults.forCall(operation, about?.JobName ?? about?.Name);
    if (fault?.lose === 'before') {
      response.destroy();
      return;
    }
    // Settled first: a delay holds back an error as well as a result.
    const [outcome] = await Promise.allSettled([
      fault?.error === undefined
        ? perform(dependencies, request, operation, body)
        : Promise.reject(new GlueError(fault.error.code, fault.error.message ?? 'Injected fault.')),
    ]);
    if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
    if (fault?.lose === 'after') {
      response.destroy();
      return;
    }
    if (outcome.status === 'rejected') throw outcome.reason;
    send(response, 200, outcome.value);
  } catch (error) {
    if (!(error instanceof GlueError))
      logger.error({ err: error, operation, requestId }, 'an operation failed');
    const answered = error instanceof GlueError ? error : new GlueError('InternalServiceException', DEFECT);
    logger.debug(
      { operation, requestId, code: answered.code, problem: answered.message },
      'a call was refused',
    );
    send(response, answered.status, { __type: answered.code, Message: answered.message });
  }
}

async function perform(
  { operations, authenticate, authorise }: WireDependencies,
  request: WireRequest,
  operation: string,
  body: unknown,
): Promise<object> {
  const principal = await authenticate?.(request);
  const known = operations.get(operation);
  if (known === undefined) {
    throw new GlueError('UnknownOperationException', `The local Glue has no operation ${operation}.`);
  }
  const call = known(body);
  if (principal !== undefined) await authorise?.(principal, call.permissions);
  return call.perform();
}

async function received(incoming: IncomingMessage): Promise<WireRequest> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > LARGEST_BODY_BYTES) {
      throw new GlueError('InvalidInputException', 'The request is larger than 4 MiB.');
    }
    chunks.push(chunk);
  }
  const headers = Object.entries(incoming.headers).map(([name, value]): [string, string] => [
    name,
    [value].flat().join(','),
  ]);
  return {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** Some SDKs send `null` for what is not given; a reviver that returns `undefined` drops the member. */
function leaveOutNull(_: string, value: unknown): unknown {
  return value ?? undefined;
}

function jsonOf(body: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body === '' ? '{}' : body, leaveOutNull);
    return parsed;
  } catch (error) {
    throw new GlueError('SerializationException', 'The request is not JSON.', { cause: error });
  }
}

function send(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify(content));
}
