/** The faults that a service can have, and how each service says them on the wire. */
import { serviceOf } from './operations.ts';
import type { Operation, Service } from './operations.ts';

/** What passes by itself when the request is repeated. */
export const PASSING = [
  'throttled',
  /** 500: the service failed. */
  'failed',
  /** 503: the service is not there. */
  'unavailable',
  /** Nothing is answered, and the request has no effect. */
  'unanswered',
  /** The connection is reset before the service has seen the request. */
  'reset',
  /** The request takes effect, and the connection breaks before the answer. */
  'lost',
  /** The request takes effect, and the connection breaks in the middle of the answer's body. */
  'cut',
] as const;

/** What a person has to see to. */
export const REFUSING = ['denied', 'expired'] as const;

export type PassingFault = (typeof PASSING)[number];
export type RefusingFault = (typeof REFUSING)[number];
export type Fault = PassingFault | RefusingFault;

/** Faults that are an answer. */
export type SpokenFault = Exclude<Fault, 'unanswered' | 'reset' | 'lost' | 'cut'>;

export function isSpoken(fault: Fault): fault is SpokenFault {
  return fault !== 'unanswered' && fault !== 'reset' && fault !== 'lost' && fault !== 'cut';
}

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Code = readonly [status: number, code: string];
type Codes = Readonly<Record<SpokenFault, Code>>;

const XML: Codes = {
  throttled: [400, 'Throttling'],
  failed: [500, 'InternalFailure'],
  unavailable: [503, 'ServiceUnavailable'],
  denied: [403, 'AccessDenied'],
  expired: [403, 'ExpiredToken'],
};

const JSON_CODES: Codes = {
  throttled: [400, 'ThrottlingException'],
  failed: [500, 'InternalFailure'],
  unavailable: [503, 'ServiceUnavailableException'],
  denied: [400, 'AccessDeniedException'],
  expired: [400, 'ExpiredTokenException'],
};

const CODES: Readonly<Record<Service, Codes>> = {
  S3: {
    ...XML,
    throttled: [503, 'SlowDown'],
    failed: [500, 'InternalError'],
    expired: [400, 'ExpiredToken'],
  },
  STS: XML,
  IAM: XML,
  Logs: JSON_CODES,
  Glue: { ...JSON_CODES, failed: [500, 'InternalServiceException'] },
  DynamoDB: {
    ...JSON_CODES,
    throttled: [400, 'ProvisionedThroughputExceededException'],
    failed: [500, 'InternalServerError'],
    unavailable: [503, 'ServiceUnavailable'],
  },
};

/** Operations of the control plane, which have no capacity to exceed. */
const WITHOUT_CAPACITY: readonly Operation[] = ['DynamoDB.DescribeTable'];

const MESSAGES: Readonly<Record<SpokenFault, (operation: Operation) => string>> = {
  throttled: () => 'Rate exceeded',
  failed: () => 'We encountered an internal error. Please try again.',
  unavailable: () => 'The service is temporarily unavailable.',
  denied: (operation) =>
    `User: arn:aws:iam::000000000000:user/someone is not authorized to perform: ${operation.replace('.', ':')}`,
  expired: () => 'The security token included in the request is expired',
};

/** The answer by which the operation's service says that it has this fault. */
export function answerOf(operation: Operation, fault: SpokenFault): Answer {
  const service = serviceOf(operation);
  const codes = WITHOUT_CAPACITY.includes(operation) ? JSON_CODES : CODES[service];
  const [status, code] = codes[fault];
  const message = MESSAGES[fault](operation);
  switch (service) {
    case 'S3': {
      // An answer to HEAD has no body, so nobody learns the code.
      const isHead = operation.startsWith('S3.Head');
      const said = `<Error><Code>${code}</Code><Message>${message}</Message><RequestId>fault</RequestId></Error>`;
      return { status, contentType: 'application/xml', body: isHead ? '' : `${PROLOGUE}${said}` };
    }
    case 'STS':
    case 'IAM': {
      const type = status < 500 ? 'Sender' : 'Receiver';
      const said = `<Error><Type>${type}</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
      const body = `<ErrorResponse>${said}<RequestId>fault</RequestId></ErrorResponse>`;
      return { status, contentType: 'text/xml', body };
    }
    case 'DynamoDB':
    case 'Glue':
    case 'Logs': {
      const version = service === 'DynamoDB' ? '1.0' : '1.1';
      const body = JSON.stringify({ __type: code, message });
      return { status, contentType: `application/x-amz-json-${version}`, body };
    }
  }
}

const PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n';
