/** The local stack could not be started, or something in its way has to be cleared first. */
export class StackError extends Error {
  override readonly name = 'StackError';
  /** What a person can do about it. */
  readonly advice: string;

  constructor(message: string, advice: string, options?: ErrorOptions) {
    super(message, options);
    this.advice = advice;
  }
}

export function messageOf(error: unknown): string {
  // Under some loaders errors made by Node are not instances of this realm's Error.
  const shaped = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(shaped);
}

/** The error code of the system or of an SDK: `ENOENT`, `NoSuchBucket`. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'name' in error && typeof error.name === 'string' ? error.name : undefined;
}
