/**
 * What it means to execute a run, whoever does it: the real executor runs the script, a scripted one plays an outcome.
 */
import type { EndedState, ProcessGroupIdentity, RunRecord } from './model.ts';

/** How an execution ended by itself. A run that was stopped or took too long ends by that, whatever this says. */
export interface Outcome {
  readonly state: EndedState;
  readonly errorMessage?: string | undefined;
}

export interface ExecutionEvents {
  /** The script has begun: from now on the run uses resources and its time limit counts. */
  running(processGroup?: ProcessGroupIdentity): void;
}

export interface Execution {
  /** Settles when nothing of the run is left that uses resources. Never rejects. */
  readonly ended: Promise<Outcome>;
  /** Ends the execution early; `ended` then settles. May be called again. */
  stop(): void;
}

export type Execute = (record: RunRecord, events: ExecutionEvents) => Execution;
