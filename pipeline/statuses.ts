/**
 * The statuses of runs and procedures, values of the search attribute `PipelineStatus`: which belong to which, which
 * mean that it goes on, and how they are shown.
 */

/** How a status is shown: in the colour of what it means to an operator. */
export type Tone = 'good' | 'waiting' | 'bad' | 'plain';

interface Status {
  readonly of: 'run' | 'procedure' | 'both';
  /** Whether what has this status has not ended. */
  readonly goesOn: boolean;
  readonly tone: Tone;
}

const STATUSES = {
  Running: { of: 'both', goesOn: true, tone: 'plain' },
  Paused: { of: 'both', goesOn: true, tone: 'waiting' },
  /** The plan is made and waits for an approval. */
  AwaitingApproval: { of: 'procedure', goesOn: true, tone: 'waiting' },
  /** Parked: a stage or a step gave up and waits for an operator. */
  NeedsOperator: { of: 'both', goesOn: true, tone: 'waiting' },
  /** Held at the quality gate. */
  Held: { of: 'run', goesOn: true, tone: 'waiting' },
  Stopping: { of: 'both', goesOn: true, tone: 'waiting' },
  Completed: { of: 'both', goesOn: false, tone: 'good' },
  NoNewInput: { of: 'run', goesOn: false, tone: 'good' },
  /** Ended after the plan, as asked or because nobody approved it; nothing was changed. */
  Planned: { of: 'procedure', goesOn: false, tone: 'good' },
  Rejected: { of: 'both', goesOn: false, tone: 'bad' },
  /** Ended by an operator; the inputs of a run are free. */
  Aborted: { of: 'both', goesOn: false, tone: 'bad' },
  /** Ended by an operator's shutdown or a cancellation; can be resumed. */
  Stopped: { of: 'run', goesOn: false, tone: 'bad' },
  Failed: { of: 'both', goesOn: false, tone: 'bad' },
} as const satisfies Readonly<Record<string, Status>>;

type StatusName = keyof typeof STATUSES;
export type StatusOf<Of extends 'run' | 'procedure'> = {
  [Name in StatusName]: (typeof STATUSES)[Name]['of'] extends Of | 'both' ? Name : never;
}[StatusName];

const BY_NAME: ReadonlyMap<string, Status> = new Map(Object.entries(STATUSES));

/** Those of runs. */
export const RUN_STATUSES = (Object.keys(STATUSES) as StatusName[]).filter(
  (name): name is StatusOf<'run'> => STATUSES[name].of !== 'procedure',
);

/** Those of procedures. */
export const PROCEDURE_STATUSES = (Object.keys(STATUSES) as StatusName[]).filter(
  (name): name is StatusOf<'procedure'> => STATUSES[name].of !== 'run',
);

/** Whether a run or procedure that last said this was going on. */
export function goesOn(status: string): boolean {
  return BY_NAME.get(status)?.goesOn === true;
}

/** @returns `undefined` for what is no status of a run or procedure */
export function toneOf(status: string): Tone | undefined {
  return BY_NAME.get(status)?.tone;
}
