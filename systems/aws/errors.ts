/** What errors show of themselves. They are read by name and code, not by class: one may come from another realm. */
import type { ErrorTraits } from '../../pipeline/failures.ts';

/** Service, name, code, HTTP status and message of an error, whatever class it is of. */
export function traitsOf(error: unknown): ErrorTraits & { readonly message: string } {
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const { name, code, message, $metadata: metadata } = error as Record<string, unknown>;
  const status =
    typeof metadata === 'object' && metadata !== null
      ? (metadata as { httpStatusCode?: unknown }).httpStatusCode
      : undefined;
  return {
    service: serviceOf(error),
    name: typeof name === 'string' ? name : undefined,
    code: typeof code === 'string' ? code : undefined,
    httpStatus: typeof status === 'number' ? status : undefined,
    message: typeof message === 'string' ? message : '',
  };
}

/**
 * The AWS service that an error came from, by the name of the class that the SDK derives all errors of a client from
 * (`DynamoDBServiceException`); `undefined` for an error that no service answered with.
 */
function serviceOf(error: object): string | undefined {
  let at: unknown = error;
  while (typeof at === 'object' && at !== null) {
    const { constructor: made } = at as { constructor?: { name?: unknown } };
    const [, service] = /^(.+)ServiceException$/.exec(String(made?.name)) ?? [];
    if (service !== undefined) return service;
    at = Object.getPrototypeOf(at);
  }
  return undefined;
}

/** Whether an error of S3 says that the object, or that version of it, is not there. */
export function isMissing(error: unknown): boolean {
  const { name, httpStatus } = traitsOf(error);
  return (
    name === 'NoSuchKey' ||
    name === 'NoSuchVersion' ||
    name === 'NotFound' ||
    (httpStatus === 404 && name !== 'NoSuchBucket')
  );
}

/** Whether a conditional write to S3 lost: somebody else wrote (412), or is writing at this moment (409). */
export function isConditionLost(error: unknown): boolean {
  const { name, httpStatus } = traitsOf(error);
  return (
    name === 'PreconditionFailed' ||
    name === 'ConditionalRequestConflict' ||
    httpStatus === 412 ||
    httpStatus === 409
  );
}

/** What `send` resolves to, or `undefined` where it is refused with an error of this name. */
export async function unlessNamed<T>(name: string, send: () => Promise<T>): Promise<T | undefined> {
  try {
    return await send();
  } catch (error) {
    if (traitsOf(error).name === name) return undefined;
    throw error;
  }
}
