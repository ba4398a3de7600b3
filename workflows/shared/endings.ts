/** How a workflow ends before it has come to its end: as the errors that end it, and the decisions that ask for it. */
import { ApplicationFailure } from '@temporalio/workflow';

/** It ends on an operator's word, and nothing goes on with it by itself. */
export class Aborted extends ApplicationFailure {}

/** It ends and can be resumed. */
export class Stopped extends ApplicationFailure {
  readonly by: string;
  readonly why: string;

  constructor(by: string, why: string) {
    super(`Stopped by ${by}: ${why}`, 'RunStopped', true);
    this.by = by;
    this.why = why;
  }
}

/** Nobody decided in time, and the settings say that it fails then. */
export class Expired extends ApplicationFailure {
  constructor(message: string, cause?: unknown) {
    super(message, 'ParkExpired', true, undefined, cause instanceof Error ? cause : undefined);
  }
}

/** A decision that ends the whole, wherever it stands. */
export interface Ending {
  readonly kind: 'abort' | 'shutdown';
  readonly by: string;
  readonly reason: string;
}

interface Decision {
  readonly kind: string;
}

export function isEnding<D extends Decision>(decision: D | null): decision is D & Ending {
  return decision?.kind === 'abort' || decision?.kind === 'shutdown';
}

/** Told to end while something failed or began to wait: that decision stands, every other one was for before. */
export function onlyEnding<D extends Decision>(decision: D | null): (D & Ending) | null {
  return isEnding(decision) ? decision : null;
}
