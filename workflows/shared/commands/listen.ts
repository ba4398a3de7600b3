/**
 * How a workflow takes commands, whatever they are: each as an update, refused in the validator where possible, which
 * leaves no trace in the history, and as a signal that logs a command which can't be followed and goes on.
 *
 * Whether a command is meant for this execution is asked of an activity: `workflowInfo().runId` must not decide it,
 * because after a reset the same history is replayed under another run id, and a decision that changes between replays
 * breaks the run. A local activity would be quicker but must not be asked either: its answer comes within the step in
 * which it was asked, and a replay does not always put it in the same place beside what else happened in that step.
 *
 * Commands are followed one after the other, in the order in which they came, also by a workflow that was cancelled and
 * cleans up: a handler that is cancelled with it would end it there and then.
 */
import {
  ApplicationFailure,
  CancellationScope,
  defineSignal,
  defineUpdate,
  log,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { z } from 'zod';
import type { CommandActivities } from '../../../pipeline/activity-types.ts';
import { problemsOf } from '../../../pipeline/problems.ts';
import { fixOrderOfMessages } from './order.ts';

const asked = proxyActivities<CommandActivities>({
  // It compares two strings; what takes longer is a worker that is gone, and the next one shall be asked soon.
  startToCloseTimeout: '5s',
  // Without a limit of attempts: a command is never lost because no worker was there.
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

/** A command as it arrives: by name, with at least the run that it may name. */
interface Commanded {
  readonly name: string;
  readonly args: { readonly run?: string | undefined };
}

export interface Listener<C extends Commanded, A> {
  readonly names: readonly C['name'][];
  readonly schema: z.ZodType<C>;
  /** What each is for and takes; the Temporal UI shows it. */
  readonly descriptions: Readonly<Record<C['name'], string>>;
  /** Why a command can't be followed now, if so. Changes nothing. */
  readonly refusal: (command: C) => string | undefined;
  /** Follows a command that is meant for this execution. @throws refused() when it can't be followed any more */
  readonly follow: (command: C) => A;
}

export function listen<C extends Commanded, A>(listener: Listener<C, A>): void {
  fixOrderOfMessages();
  const queue = new Queue();
  for (const name of listener.names) new Command(listener, name, queue).register();
}

/** Work that is done one after the other. */
class Queue {
  #last: Promise<unknown> = Promise.resolve();

  async add<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return await done;
  }
}

export function refused(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'CommandRefused');
}

class Command<C extends Commanded, A> {
  readonly #listener: Listener<C, A>;
  readonly #name: C['name'];
  readonly #queue: Queue;

  constructor(listener: Listener<C, A>, name: C['name'], queue: Queue) {
    this.#listener = listener;
    this.#name = name;
    this.#queue = queue;
  }

  /** What arrives is not typed: the UI sends whatever was typed into its form. */
  register(): void {
    const description = this.#listener.descriptions[this.#name];
    setHandler(defineUpdate<A, [unknown]>(this.#name), (args) => this.#followInTurn(args), {
      description,
      validator: (args) => {
        this.#refuseWhatCannotBe(args);
      },
    });
    setHandler(
      defineSignal<[unknown]>(this.#name),
      async (args) => {
        try {
          await this.#followInTurn(args);
        } catch (error) {
          if (!(error instanceof ApplicationFailure)) throw error;
          log.warn('Command was not followed', { command: this.#name, because: error.message });
        }
      },
      { description },
    );
  }

  /** Runs only when a command arrives, never in a replay, so it may look at the current run id. */
  #refuseWhatCannotBe(args: unknown): void {
    const command = this.#parse(args);
    const { runId, originalExecutionRunId } = workflowInfo();
    const { run } = command.args;
    if (run !== undefined && run !== runId) throw refused(`The command is for run ${run}; this is ${runId}.`);
    if (run === undefined && runId !== originalExecutionRunId) {
      throw refused(`This run was reset: name the run that the command is for ("run": "${runId}").`);
    }
    const refusal = this.#listener.refusal(command);
    if (refusal !== undefined) throw refused(refusal);
  }

  #followInTurn(args: unknown): Promise<A> {
    return CancellationScope.nonCancellable(() => this.#queue.add(() => this.#follow(args)));
  }

  async #follow(args: unknown): Promise<A> {
    const command = this.#parse(args);
    const { run } = command.args;
    const meant = await asked.isMeantForThisRun({ run: run ?? workflowInfo().originalExecutionRunId });
    if (!meant)
      throw refused(`The command is for ${run ?? 'a run that does not exist any more'}, not for this run.`);
    return this.#listener.follow(command);
  }

  #parse(args: unknown): C {
    const parsed = this.#listener.schema.safeParse({ name: this.#name, args });
    if (parsed.success) return parsed.data;
    const ofArgument = parsed.error.issues.map(({ path, message }) => ({ path: path.slice(1), message }));
    const problems = problemsOf({ issues: ofArgument }, args);
    const description = this.#listener.descriptions[this.#name];
    throw refused(`${this.#name} takes one JSON object. ${problems.join('; ')}. ${description}`);
  }
}
