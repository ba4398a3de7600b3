/**
 * A workflow's commands as one table: what each is for, and what it takes. Each command is an update, which answers, and
 * a signal of the same name for batch and older tools, which does not. Each takes one JSON object, so that the Temporal
 * UI's form and `--input` can give it.
 *
 * A command may name the execution that it is meant for (`runId`). A reset copies signals and updates into a new
 * execution; because a copied command names the old one, the new one refuses it. Where nothing was reset the name may
 * be left out, which is what a person typing into the UI's form will do.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { QueryDefinition, SignalDefinition, UpdateDefinition } from '@temporalio/common';
import { z } from 'zod';
import type { TimelineEntry } from '../timeline.ts';

/** What every command takes; those that take more extend it. */
export const plainArguments = z.strictObject({
  /** Who gives the command. */
  by: z.string().min(1).max(200),
  /** Why: stands in the history and in the report. */
  reason: z.string().min(1).max(2000),
  /** The run or the procedure that the command is meant for: the id that its status shows. */
  run: z.string().min(1).optional(),
  /** Temporal run id of the execution that the command is meant for. */
  runId: z.string().min(1).optional(),
});

export type CommandTable = Readonly<
  Record<
    string,
    {
      /** What it is for and takes: shown by the Temporal UI and `temporal workflow metadata`. */
      readonly description: string;
      readonly args: z.ZodType<z.output<typeof plainArguments>>;
    }
  >
>;

export type NameIn<T extends CommandTable> = keyof T & string;
/** As the workflow takes it. */
export type ArgumentsIn<T extends CommandTable, N extends NameIn<T>> = z.output<T[N]['args']>;
/** As the caller gives it. */
export type InputIn<T extends CommandTable, N extends NameIn<T>> = z.input<T[N]['args']>;
/** A command as it arrives, with its name. */
export type CommandIn<T extends CommandTable> = {
  readonly [N in NameIn<T>]: { readonly name: N; readonly args: ArgumentsIn<T, N> };
}[NameIn<T>];

interface Messages<T extends CommandTable, Answer, Status> {
  readonly updates: { readonly [N in NameIn<T>]: UpdateDefinition<Answer, [InputIn<T, N>], N> };
  readonly signals: { readonly [N in NameIn<T>]: SignalDefinition<[InputIn<T, N>], N> };
  readonly statusQuery: QueryDefinition<Status>;
  readonly timelineQuery: QueryDefinition<TimelineEntry[]>;
}

export function namesIn<T extends CommandTable>(table: T): NameIn<T>[] {
  return Object.keys(table);
}

/** The messages of a workflow that takes the commands of a table and tells how it stands. */
export function messagesOf<T extends CommandTable, Answer, Status>(table: T): Messages<T, Answer, Status> {
  const names = namesIn(table);
  return {
    // Each name has the definition of its own command.
    updates: Object.fromEntries(names.map((name) => [name, defineUpdate(name)])) as Messages<
      T,
      Answer,
      Status
    >['updates'],
    signals: Object.fromEntries(names.map((name) => [name, defineSignal(name)])) as Messages<
      T,
      Answer,
      Status
    >['signals'],
    statusQuery: defineQuery('status'),
    timelineQuery: defineQuery('timeline'),
  };
}
