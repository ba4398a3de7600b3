/** Activities of procedures for tests of their workflows alone: a world in which one object is damaged. */
import { createChainActivities } from '../../../activities/temporal/chains.ts';
import { createRunActivities } from '../../../activities/temporal/runs.ts';
import { createShutdownActivities } from '../../../activities/temporal/shutdown.ts';
import { createUndoActivities } from '../../../activities/temporal/undo.ts';
import type { ProcedureActivities } from '../../../pipeline/procedures/activity-types.ts';
import type { PlanSummary } from '../../../pipeline/procedures/plan.ts';
import type { ProcedureRecord } from '../../../pipeline/procedures/report.ts';
import type { UndoPlan } from '../../../pipeline/shutdown.ts';
import { fakeActivities } from './fake-activities.ts';
import type { FakeActivities, Replacements } from './fake-activities.ts';
import type { GlueInHand } from './glue-in-hand.ts';

/** A digest is 64 hex digits, told apart by its first. */
export const digest = (digit: string): string => digit.repeat(64);

export function planOf(given: Partial<PlanSummary> = {}): PlanSummary {
  return {
    digest: digest('a'),
    key: 'processed/procedures/p/plan.json',
    empty: false,
    objects: 1,
    bytes: 10,
    days: 0,
    items: 0,
    runs: 0,
    minutes: 1,
    dollars: 0,
    lost: 0,
    lines: ['restore one object'],
    ...given,
  };
}

export interface FakeProcedures {
  readonly activities: FakeActivities['activities'] & ProcedureActivities;
  /** Names in the order of the calls. */
  readonly calls: string[];
  readonly reports: ProcedureRecord[];
}

export function fakeProcedures(
  replacements: Partial<ProcedureActivities> = {},
  ofRuns: Replacements = {},
): FakeProcedures {
  const reports: ProcedureRecord[] = [];
  const world: ProcedureActivities = {
    examineData: () => Promise.resolve({ files: 1, days: 1, objects: 1, items: 1, damages: 1 }),
    planRecovery: () => Promise.resolve(planOf()),
    restoreObjects: () => Promise.resolve({ restored: 1, good: 0, quarantined: 1 }),
    returnInputs: () => Promise.resolve({ inputs: [], dates: [] }),
    verifyRecovery: () => Promise.resolve({ remaining: 0, differing: 0, lost: 0, lines: [] }),
    readUndoPlan: () => Promise.reject(new Error('No shutdown was made')),
    findStillStopped: () => Promise.resolve({ runs: [], schedules: [], procedures: [], chains: [] }),
    planUndo: () => Promise.resolve(planOf()),
    resumeRuns: (_context, { runs }) => Promise.resolve({ resumed: runs.length }),
    startChains: () => Promise.resolve(),
    unpauseProcedures: () => Promise.resolve(),
    unpauseSchedules: () => Promise.resolve(),
    planReset: () => Promise.resolve(planOf()),
    takeSnapshot: () => Promise.resolve({ documents: 1 }),
    resetState: () => Promise.resolve({ freed: 1, inputs: [], dates: [] }),
    findDueInputs: () => Promise.resolve({ inputs: [] }),
    compareReset: () => Promise.resolve({ days: 0, lines: [] }),
    findEarlierProcedure: () => Promise.resolve(null),
    awaitRuns: () => Promise.resolve(),
    writeProcedureReport: (_context, { record }) => {
      reports.push(record);
      return Promise.resolve({ key: 'processed/procedures/p/report.json' });
    },
    ...replacements,
  };
  const { activities, calls } = fakeActivities(ofRuns);
  const recorded = Object.entries(world).map(([name, activity]) => [
    name,
    (...args: unknown[]): unknown => {
      calls.push(name);
      return (activity as (...given: unknown[]) => unknown)(...args);
    },
  ]);
  return {
    activities: { ...activities, ...(Object.fromEntries(recorded) as ProcedureActivities) },
    calls,
    reports,
  };
}

/** A shutdown and its undoing: what asks Temporal is real, and what a shutdown saves is kept here instead of S3. */
export function shutdownInMemory(
  glue: GlueInHand,
  procedures: Partial<ProcedureActivities> = {},
  ofRuns: Replacements = {},
): FakeProcedures {
  let saved: UndoPlan | undefined;
  return fakeProcedures(
    {
      ...createUndoActivities(),
      startChains: createChainActivities().startChains,
      readUndoPlan: () =>
        saved === undefined ? Promise.reject(new Error('nothing was saved')) : Promise.resolve(saved),
      planUndo: (_context, { undo: { runs, schedules, chains } }) =>
        Promise.resolve(
          planOf({ empty: runs.length + schedules.length + chains.length === 0, runs: runs.length }),
        ),
      ...procedures,
    },
    {
      ...createRunActivities(),
      ...createShutdownActivities(),
      ...createChainActivities(),
      ...glue.activities,
      writeShutdownReport: (_settings, { plan }) => {
        saved = plan;
        return Promise.resolve({ report: 'r.json', markdown: 'r.md', plan: 'p.json' });
      },
      ...ofRuns,
    },
  );
}
