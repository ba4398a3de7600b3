/**
 * The procedures and their steps, by the ids under which the on-call guide lists them. A step is the unit that an
 * operator sees and asks for again; the workflow of a procedure says what each does.
 */

export const PROCEDURES = {
  dataRecovery: {
    summary: 'Find damaged or lost data, restore it from copies or compute it again, and verify',
    steps: {
      'RDATA-1': 'identify the affected range',
      'RDATA-2': 'locate the backups and plan',
      'RDATA-3': 'restore to the right stage',
      'RDATA-4': 'run validation and KPIs again',
      'RDATA-5': 'verify against the records from before',
    },
  },
  shutdownRecovery: {
    summary: 'Undo an emergency shutdown: what it stopped goes on, and nothing else',
    steps: {
      'UNDO-0': 'look at what the shutdown saved (STOP-5) and what of it still stands',
      'UNDO-1': 'resume the runs that it stopped',
      'UNDO-2': 'resume the procedures and schedules that it paused, and start the cron chains that it ended',
      'UNDO-3': 'verify that all of them go on',
    },
  },
  pipelineReset: {
    summary: 'Stop what runs, set the named processing state back, and start anew',
    steps: {
      'RESET-0': 'look at what a reset would change',
      'RESET-1': 'stop active runs and their Glue jobs',
      'RESET-2': 'end what is parked, held, paused or queued',
      'RESET-3': 'keep a snapshot, then reset the processing state',
      'RESET-4': 'verify the prerequisites',
      'RESET-5': 'resume schedules and watch the first run',
    },
  },
} as const;

/** The steps of an emergency shutdown: it has no plan of its own, but leaves the one by which it is undone. */
export const SHUTDOWN_STEPS = {
  'STOP-1': 'pause the schedules',
  'STOP-2': 'stop the runs and their Glue jobs',
  'STOP-3': 'set unfinished output aside',
  'STOP-4': 'document the state',
  'STOP-5': 'plan the recovery',
} as const;
export type ShutdownStepId = keyof typeof SHUTDOWN_STEPS;

/** The steps by which a run comes back from a failed stage; its timeline names them. */
export const RUN_STEPS = {
  'RJOB-1': 'clear the failed state: the run parks',
  'RJOB-2': 'restore the checkpoints',
  'RJOB-3': 'reset the parameters',
  'RJOB-4': 'restart from the last good stage',
  'RJOB-5': 'monitor until the end',
} as const;
export type RunStepId = keyof typeof RUN_STEPS;

export type ProcedureName = keyof typeof PROCEDURES;
export type StepId = { [N in ProcedureName]: keyof (typeof PROCEDURES)[N]['steps'] & string }[ProcedureName];
export const PROCEDURE_NAMES = Object.keys(PROCEDURES) as ProcedureName[];

/** What a procedure works on: one at a time works on the same. A recovery that a shutdown paused must not keep it from being undone. */
export const WORKS_ON: Readonly<Record<ProcedureName, string>> = {
  dataRecovery: 'recovery',
  pipelineReset: 'recovery',
  shutdownRecovery: 'undo',
};

/** The procedures that exclude each other with this one, itself among them. */
export function excluding(name: ProcedureName): ProcedureName[] {
  return PROCEDURE_NAMES.filter((other) => WORKS_ON[other] === WORKS_ON[name]);
}

export interface StepDefinition {
  readonly id: StepId;
  readonly title: string;
}

export function stepsOf(name: ProcedureName): StepDefinition[] {
  return Object.entries(PROCEDURES[name].steps).map(([id, title]) => ({ id: id as StepId, title }));
}
