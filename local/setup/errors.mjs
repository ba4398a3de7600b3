/** Set-up can't go on; the message tells a person what happened and what to do. */
export class SetupError extends Error {
  name = 'SetupError';
}
