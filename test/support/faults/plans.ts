/** Which request has which fault. A plan remembers what it has dealt out, so each is used once. */
import type { Fault } from './answers.ts';
import type { Operation } from './operations.ts';
import type { Plan } from './proxy.ts';

/** The SDK tries a call three times by itself: after two faults in a row it still gets through. */
const IN_A_ROW = 2;

/**
 * Each operation has each of these faults once, in turn: two calls fail, one passes, until it has had them all. So no
 * operation has so many in a row that patience ends, however many are called after one another.
 */
export function eachInTurn(faults: readonly Fault[]): Plan {
  const calls = new Map<Operation, number>();
  return (operation) => {
    const call = calls.get(operation) ?? 0;
    calls.set(operation, call + 1);
    const round = Math.floor(call / (IN_A_ROW + 1));
    const place = call % (IN_A_ROW + 1);
    return place === IN_A_ROW ? undefined : faults[round * IN_A_ROW + place];
  };
}

/** One operation has one fault, in its first calls. */
export function only(operation: Operation, fault: Fault, times: number): Plan {
  let left = times;
  return (called) => {
    if (called !== operation || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

/** Refuses one operation at a time, from its first call until it is told to let go, with one fault after the other. */
export class Refusals {
  readonly #faults: readonly Fault[];
  readonly #had = new Map<Operation, number>();
  #current: { readonly operation: Operation; readonly fault: Fault } | undefined;

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
  }

  readonly plan: Plan = (operation) => {
    this.#current ??= this.#next(operation);
    return this.#current?.operation === operation ? this.#current.fault : undefined;
  };

  #next(operation: Operation): { operation: Operation; fault: Fault } | undefined {
    const fault = this.#faults[this.#had.get(operation) ?? 0];
    return fault === undefined ? undefined : { operation, fault };
  }

  /** What is being refused. */
  get current(): { readonly operation: Operation; readonly fault: Fault } | undefined {
    return this.#current;
  }

  /** The operation works again, until it has its next fault. */
  letGo(): void {
    if (this.#current === undefined) return;
    const { operation } = this.#current;
    this.#had.set(operation, (this.#had.get(operation) ?? 0) + 1);
    this.#current = undefined;
  }
}
