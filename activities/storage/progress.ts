/** Heartbeats of work that may take minutes within one object, with what it is doing for whoever looks. */
import { heartbeat } from '@temporalio/activity';

/** Often enough for whoever watches; the worker keeps the activity alive between them. */
const INTERVAL_MS = 5_000;

export class ProgressBeats {
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
