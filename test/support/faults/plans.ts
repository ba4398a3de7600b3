/** Which request has which fault. A plan remembers what it has dealt out, so each is used once. */
import { PASSING, REFUSING, rightOf } from './answers.ts';
import type { PassingFault, RefusingFault } from './answers.ts';
import type { Operation } from './operations.ts';
import type { Plan } from './proxy.ts';

/** An operation that is refused, until somebody sees to it. */
export interface Refusal {
  readonly operation: Operation;
  readonly fault: RefusingFault;
}

export interface EveryFaultOptions {
  /** The faults that pass by themselves; all of them when absent. */
  readonly passing?: (operation: Operation) => readonly PassingFault[];
  /** How many an operation has in a row before one of its calls passes. */
  readonly inARow?: (operation: Operation) => number;
  /** How many of its calls pass before the next have faults, for callers that make several at once; 1 when absent. */
  readonly between?: number;
  /** The faults that refuse it; all of them when absent. */
  readonly refusing?: (operation: Operation) => readonly RefusingFault[];
}

/** The SDK tries a call three times by itself: after two faults in a row it still gets through. */
const IN_A_ROW = 2;

interface Dealt {
  readonly passing: PassingFault[];
  readonly refusing: RefusingFault[];
  /** Faults that are left of this row; below zero, calls that have passed since. */
  left: number;
}

/**
 * Every operation has every fault once, as soon as it is called: first it is refused, one operation at a time, until
 * {@link letGo}; then it has the faults that pass, some in a row, also while others are refused. Expired credentials are refused to all operations, a
 * missing right to all that need it.
 */
export class EveryFault {
  readonly #options: Required<EveryFaultOptions>;
  readonly #operations = new Map<Operation, Dealt>();
  #refused: Refusal | undefined;

  constructor(options: EveryFaultOptions = {}) {
    const {
      passing = () => PASSING,
      inARow = () => IN_A_ROW,
      between = 1,
      refusing = () => REFUSING,
    } = options;
    this.#options = { passing, inARow, between, refusing };
  }

  readonly plan: Plan = (operation) => {
    const dealt = this.#dealtTo(operation);
    const refused = this.#refused;
    if (refused === undefined) {
      const fault = dealt.refusing.shift();
      if (fault !== undefined) {
        this.#refused = { operation, fault };
        return fault;
      }
    } else {
      if (isRefused(operation, refused)) return refused.fault;
      // Its turn to be refused is still to come.
      if (dealt.refusing.length > 0) return undefined;
    }
    dealt.left -= 1;
    if (dealt.left >= 0) return dealt.passing.shift();
    if (-dealt.left === this.#options.between) dealt.left = this.#options.inARow(operation);
    return undefined;
  };

  #dealtTo(operation: Operation): Dealt {
    const { passing, refusing, inARow } = this.#options;
    const known = this.#operations.get(operation) ?? {
      passing: [...passing(operation)],
      refusing: [...refusing(operation)],
      left: inARow(operation),
    };
    this.#operations.set(operation, known);
    return known;
  }

  get refused(): Refusal | undefined {
    return this.#refused;
  }

  /** Somebody has seen to what was refused. */
  letGo(): void {
    this.#refused = undefined;
  }

  get operations(): Operation[] {
    return [...this.#operations.keys()].sort();
  }

  /** Operations that were called and have not had all of their faults, with those that are left. */
  get missing(): string[] {
    return [...this.#operations].flatMap(([operation, { passing, refusing }]) =>
      [...passing, ...refusing].map((fault) => `${operation}: ${fault}`),
    );
  }
}

function isRefused(operation: Operation, refused: Refusal): boolean {
  return refused.fault === 'expired' || rightOf(operation) === rightOf(refused.operation);
}
