/** Heartbeats of work that may take minutes within one object, with what it is doing for whoever looks. */
import { heartbeat } from '@temporalio/activity';

/** A sixth of the heartbeat timeout of long activities (30 s): several may be lost before it counts as dead. */
const INTERVAL_MS = 5_000;

export class Progress {
  readonly #total: number;
  #lastAt = 0;

  constructor(total: number) {
    this.#total = total;
  }

  within(what: string, bytes: number): void {
    const at = Date.now();
    if (at - this.#lastAt < INTERVAL_MS) return;
    this.#lastAt = at;
    heartbeat({ what, bytes, of: this.#total });
  }
}
