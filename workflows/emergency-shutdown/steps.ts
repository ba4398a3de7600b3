/** How far a shutdown is, by the guide's steps: derived from its phase and from what it could not do. */
import { SHUTDOWN_STEPS } from '../../pipeline/procedures/steps.ts';
import type { ShutdownStepId } from '../../pipeline/procedures/steps.ts';

export type Phase = 'stopping' | 'securing' | 'documenting' | 'done';

const PHASES: readonly Phase[] = ['stopping', 'securing', 'documenting', 'done'];

const PHASE_OF: Readonly<Record<ShutdownStepId, Phase>> = {
  'STOP-1': 'stopping',
  'STOP-2': 'stopping',
  'STOP-3': 'securing',
  'STOP-4': 'documenting',
  'STOP-5': 'documenting',
};

/** What a shutdown tries, as its problems name it, and the steps that fail with it. */
const TASKS = {
  'pause the schedules': ['STOP-1'],
  'pause the procedures': ['STOP-1'],
  'tell the runs': ['STOP-2'],
  'stop the Glue runs': ['STOP-2'],
  'wait for the end': ['STOP-2'],
  'set unfinished output aside': ['STOP-3'],
  'write the report': ['STOP-4', 'STOP-5'],
} as const satisfies Record<string, readonly ShutdownStepId[]>;
export type Task = keyof typeof TASKS;

/** What went wrong and was not yet put right. */
export type Problems = Readonly<Partial<Record<Task, string>>>;

export interface ShutdownStep {
  readonly id: ShutdownStepId;
  readonly title: string;
  readonly state: 'pending' | 'running' | 'done' | 'failed';
}

export function stepsAt(phase: Phase, problems: Problems): ShutdownStep[] {
  const failing = new Set<ShutdownStepId>((Object.keys(problems) as Task[]).flatMap((task) => TASKS[task]));
  const now = PHASES.indexOf(phase);
  return (Object.keys(SHUTDOWN_STEPS) as ShutdownStepId[]).map((id) => {
    const at = PHASES.indexOf(PHASE_OF[id]);
    const reached = at < now ? 'done' : at === now ? 'running' : 'pending';
    return { id, title: SHUTDOWN_STEPS[id], state: failing.has(id) ? 'failed' : reached };
  });
}
