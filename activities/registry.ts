/** All activities of the worker over one set of systems. */
import type {
  CommandActivities,
  PipelineActivities,
  ShutdownActivities,
} from '../pipeline/activity-types.ts';
import type { ProcedureActivities } from '../pipeline/procedures/activity-types.ts';
import type { Settings } from '../pipeline/settings.ts';
import type { AwsClients } from '../systems/aws/clients.ts';
import { Systems } from '../systems/systems.ts';
import { activityCaller } from './call.ts';
import { createGlueRunActivities, createGlueStopActivities } from './glue/job-runs.ts';
import { stateOf } from './glue/recent-runs.ts';
import { createScriptActivities } from './glue/scripts.ts';
import { createIdentityActivities } from './identity.ts';
import { createProcedureReportActivities } from './procedures/report.ts';
import { createUndoPlanActivities } from './procedures/undo-plan.ts';
import { createRecoveryActivities } from './recovery/activities.ts';
import { createResetActivities } from './reset/activities.ts';
import { createSettingsActivities } from './settings.ts';
import { createAdoptionActivities } from './storage/adoption.ts';
import { createArchiveActivities } from './storage/archive.ts';
import { createInputActivities } from './storage/inputs.ts';
import { createKpisActivities } from './storage/kpis.ts';
import { createPlaysActivities } from './storage/plays.ts';
import { createQualityActivities } from './storage/quality.ts';
import { createReferenceActivities } from './storage/reference.ts';
import { createSecuringActivities } from './storage/secure.ts';
import { createShutdownReportActivities } from './storage/shutdown-report.ts';
import { createStateActivities } from './storage/state.ts';
import { createStructureActivities } from './storage/structure.ts';
import { createTableActivities } from './table.ts';
import { createEarlierProcedureActivities } from './temporal/earlier-procedure.ts';
import { listOpenRuns, openRunIds } from './temporal/open-runs.ts';
import { createProcedureRunActivities } from './temporal/procedure-runs.ts';
import { closedRuns, createCommandActivities, createRunActivities } from './temporal/runs.ts';
import { createScheduleActivities, runningSchedules } from './temporal/schedules.ts';
import { planByStatus } from './temporal/shutdown-status.ts';
import { createChainActivities } from './temporal/chains.ts';
import { createShutdownActivities } from './temporal/shutdown.ts';
import { createUndoActivities } from './temporal/undo.ts';

/** @param scripts folder with the built Glue scripts */
export function createActivities(
  clients: AwsClients,
  settings: Settings,
  scripts: string,
): PipelineActivities & ShutdownActivities & ProcedureActivities & CommandActivities {
  const systems = new Systems(clients, activityCaller);
  const { jobRuns } = systems;
  return merged(
    createSettingsActivities(settings),
    createIdentityActivities(systems, settings),
    createStructureActivities(systems),
    createReferenceActivities(systems),
    createInputActivities(systems, closedRuns),
    createAdoptionActivities(systems, closedRuns),
    createQualityActivities(systems),
    createPlaysActivities(systems),
    createKpisActivities(systems),
    createArchiveActivities(systems),
    createStateActivities(systems),
    createSecuringActivities(systems, (pipeline, jobRunId) => stateOf(jobRuns, pipeline, jobRunId)),
    createScriptActivities(systems, settings, scripts),
    createGlueRunActivities(jobRuns),
    createRunActivities(),
    createShutdownActivities(),
    createChainActivities(),
    createScheduleActivities(),
    createGlueStopActivities(jobRuns),
    createTableActivities(systems),
    createShutdownReportActivities(systems),
    createCommandActivities(),
    createProcedureReportActivities(systems),
    createUndoPlanActivities(systems, planByStatus),
    createUndoActivities(),
    createProcedureRunActivities(),
    createEarlierProcedureActivities(),
    createResetActivities({ systems, openRuns: listOpenRuns, runningSchedules }),
    createRecoveryActivities({ systems, runs: { closedRuns, openRuns: openRunIds } }),
  );
}

type Intersection<T> = (T extends unknown ? (each: T) => void : never) extends (all: infer I) => void
  ? I
  : never;

/** @throws Error when two groups have an activity of the same name: one would silently replace the other */
function merged<T extends object[]>(...groups: T): Intersection<T[number]> {
  const all: Record<string, unknown> = {};
  for (const [name, activity] of groups.flatMap((group) => Object.entries(group))) {
    if (name in all) throw new Error(`Two activities are named ${name}`);
    all[name] = activity;
  }
  return all as Intersection<T[number]>;
}
