/**
 * How a workflow takes commands, whatever they are: each as an update, refused in the validator where possible, which
 * leaves no trace in the history, and as a signal. The sender of a signal gets no answer, so one that can't be followed,
 * whatever it is, is told to the workflow, which shows it.
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
  setDefaultSignalHandler,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { defaultPayloadConverter, rawValueTypeInfo } from '@temporalio/common';
import type { RawValue } from '@temporalio/common';
import { z } from 'zod';
import type { CommandActivities } from '../../../pipeline/activity-types.ts';
import { problemsOf } from '../../../pipeline/problems.ts';
import type { TimelineEntry } from '../timeline.ts';
import { fixOrderOfMessages } from './order.ts';
import { namesIn } from './table.ts';
import type { CommandIn, CommandTable } from './table.ts';

const asked = proxyActivities<CommandActivities>({
  // It compares two strings; what takes longer is a worker that is gone, and the next one shall be asked soon.
  startToCloseTimeout: '5s',
  // Without a limit of attempts: a command is never lost because no worker was there.
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
});

export interface Listener<T extends CommandTable, A> {
  readonly commands: T;
  /** The id that the status shows now. */
  readonly id: () => string;
  /** Why a command can't be followed now, if so. Changes nothing. */
  readonly refusal: (command: CommandIn<T>) => string | undefined;
  /** Follows a command that is meant for this execution. @throws refused() when it can't be followed any more */
  readonly follow: (command: CommandIn<T>) => A;
  /** Told of a signal that was not followed. */
  readonly notFollowed: (signal: RefusedSignal) => void;
}

export type RefusedSignal = Omit<TimelineEntry, 'at'>;

export function listen<T extends CommandTable, A>(listener: Listener<T, A>): void {
  fixOrderOfMessages();
  const queue = new Queue();
  const declared = Object.entries(listener.commands);
  for (const [name, command] of declared) new Command(listener, { name, ...command }, queue).register();
  setDefaultSignalHandler((name, args) => {
    const why = `there is no such command; it takes ${namesIn(listener.commands).join(', ')}`;
    listener.notFollowed(refusedSignal(name, args, why));
  });
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

type Declared = CommandTable[string] & { readonly name: string };

class Command<T extends CommandTable, A> {
  readonly #listener: Listener<T, A>;
  readonly #command: Declared;
  readonly #queue: Queue;

  constructor(listener: Listener<T, A>, command: Declared, queue: Queue) {
    this.#listener = listener;
    this.#command = command;
    this.#queue = queue;
  }

  /** What arrives is not typed: the UI sends whatever was typed into its form. */
  register(): void {
    const { name, description } = this.#command;
    setHandler(defineUpdate<A, [unknown]>(name), (args) => this.#followInTurn(args), {
      description,
      validator: (args) => {
        this.#refuseWhatCannotBe(args);
      },
    });
    setHandler(
      // Its payload as it came: one that the SDK can't read would fail the workflow task, again and again.
      defineSignal<[RawValue?]>(name, { typeInfo: { inputTypes: [rawValueTypeInfo] } }),
      async (payload) => {
        let args: unknown;
        try {
          args = readPayload(payload);
          await this.#followInTurn(args);
        } catch (error) {
          if (!(error instanceof ApplicationFailure)) throw error;
          log.warn('Command was not followed', { command: name, because: error.message });
          this.#listener.notFollowed(refusedSignal(name, args, error.message));
        }
      },
      { description },
    );
  }

  /** Runs only when a command arrives, never in a replay, so it may look at the current run id. */
  #refuseWhatCannotBe(args: unknown): void {
    const command = this.#parse(args);
    const refusal = this.#meantForOther(command, workflowInfo().runId) ?? this.#listener.refusal(command);
    if (refusal !== undefined) throw refused(refusal);
  }

  #followInTurn(args: unknown): Promise<A> {
    return CancellationScope.nonCancellable(() => this.#queue.add(() => this.#follow(args)));
  }

  async #follow(args: unknown): Promise<A> {
    const command = this.#parse(args);
    const { runId } = await asked.identifyRun();
    const refusal = this.#meantForOther(command, runId);
    if (refusal !== undefined) throw refused(refusal);
    return this.#listener.follow(command);
  }

  /** @param own the Temporal run id of this execution */
  #meantForOther({ args: { run, runId } }: CommandIn<T>, own: string): string | undefined {
    const id = this.#listener.id();
    if (run !== undefined && run !== id) return `The command is for ${run}; this is ${id}.`;
    if (runId !== undefined)
      return runId === own ? undefined : `The command is for execution ${runId}; this is ${own}.`;
    if (own === workflowInfo().originalExecutionRunId) return undefined;
    return `${id} was reset: name the execution that the command is for ("runId": "${own}").`;
  }

  #parse(args: unknown): CommandIn<T> {
    const { name, args: schema, description } = this.#command;
    const parsed = schema.safeParse(args);
    // The schema stands beside the name.
    if (parsed.success) return { name, args: parsed.data } as CommandIn<T>;
    const problems = problemsOf(parsed.error, args);
    throw refused(`${name} takes one JSON object. ${problems.join('; ')}. ${description}`);
  }
}

function readPayload(given: RawValue | undefined): unknown {
  if (given === undefined) return undefined;
  try {
    return defaultPayloadConverter.fromPayload(given.payload);
  } catch (error) {
    throw refused(`Its payload can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const senderSchema = z.object({
  by: z.string().optional().catch(undefined),
  reason: z.string().optional().catch(undefined),
});

/** Lengths to which what anybody may have sent is cut: the state keeps some of them. */
const LENGTHS = { name: 60, by: 100, reason: 300, why: 500 } as const;

function refusedSignal(name: string, args: unknown, why: string): RefusedSignal {
  const { by, reason } = senderSchema.safeParse(args).data ?? {};
  return {
    what: `signal ${name.slice(0, LENGTHS.name)} was not followed: ${why.slice(0, LENGTHS.why)}`,
    ...(by === undefined ? {} : { by: by.slice(0, LENGTHS.by) }),
    ...(reason === undefined ? {} : { reason: reason.slice(0, LENGTHS.reason) }),
    refused: true,
  };
}
