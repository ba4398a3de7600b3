/** The pipeline's schedule as it ought to be, in words of its own; `msp schedules apply` makes it true on the server. */
import { parseCron, type Cron } from '../cron.ts';
import { PIPELINE_WORKFLOW, type PipelineRequest } from '../request.ts';
import { NO_SCHEDULE, type Settings } from '../settings.ts';

export interface DeclaredSchedule {
  readonly id: string;
  readonly about: string;
  /** `undefined` when no schedule is declared under the id. */
  readonly cron: Cron | undefined;
  readonly timezone: string;
  readonly workflowType: string;
  readonly workflowId: string;
  readonly taskQueue: string;
  readonly request: PipelineRequest;
  /** What becomes of a start while an earlier run is going, by Temporal's name. */
  readonly overlap: 'ALLOW_ALL';
  /** Seconds. */
  readonly catchupWindow: number;
  readonly pauseOnFailure: boolean;
}

const HOUR_SECONDS = 3600;

export function declaredSchedule({
  pipeline,
  taskQueue,
  scheduleCron,
  scheduleTimezone,
}: Pick<Settings, 'pipeline' | 'taskQueue' | 'scheduleCron' | 'scheduleTimezone'>): DeclaredSchedule {
  return {
    id: `${pipeline}-daily`,
    about: 'Takes everything that has arrived.',
    cron: scheduleCron === NO_SCHEDULE ? undefined : parseCron(scheduleCron),
    timezone: scheduleTimezone,
    workflowType: PIPELINE_WORKFLOW,
    // The server appends the nominal time.
    workflowId: `${pipeline}-daily`,
    taskQueue,
    request: { trigger: 'schedule' },
    // Runs may overlap: each claims its inputs and publishes on condition. Any other policy would let one run that waits
    // for an operator hold back the days after it.
    overlap: 'ALLOW_ALL',
    // After an outage one run makes up for all that were missed, because it takes all that has arrived. Under a day, so
    // that only the last is caught up; the server's default of a year would start one for each missed day.
    catchupWindow: 23 * HOUR_SECONDS,
    // A run fails only when an operator ended it or nobody came; its files are free for the next run. A schedule that
    // pauses itself would stop all data without a sign.
    pauseOnFailure: false,
  };
}
