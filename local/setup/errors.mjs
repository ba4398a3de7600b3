/** Set-up can't go on; the message tells a person what happened and what to do. */
export class SetupError extends Error {
  name = 'SetupError';
}

/**
 * What a call returns; `undefined` when it fails with one of these codes.
 * @template T
 * @param {string[]} codes such as `ENOENT`
 * @param {() => T} call
 */
export function unless(codes, call) {
  try {
    return call();
  } catch (error) {
    if (codes.includes(error.code)) return undefined;
    throw error;
  }
}
