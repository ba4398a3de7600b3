/**
 * Where each failure type is provoked for its real reason, by the test file that names it; or why none does. A test
 * holds this against the closed list and against the files.
 */
import type { FailureType } from '../../pipeline/failures.ts';

const CAUSE = 'test/stack/parks-for-cause.test.ts';
const DELIVERIES = 'test/model/deliveries';
const START = 'test/local-glue/pipeline-runs.test.ts';
const OUTCOMES = 'test/storage/refused-outputs.test.ts';

export const PROVOKED: Readonly<Record<FailureType, { readonly by: string } | { readonly not: string }>> = {
  SettingsInvalid: { by: CAUSE },
  CredentialsInvalid: { by: 'test/faults/world.ts' },
  AccessDenied: { by: 'test/faults/world.ts' },
  WrongAccount: { by: CAUSE },
  ClockSkewed: { by: CAUSE },
  BucketMissing: { by: CAUSE },
  BucketMisconfigured: { by: CAUSE },
  TableMissing: { by: CAUSE },
  TableMisconfigured: { by: CAUSE },
  ScriptsInvalid: { by: CAUSE },
  ReferenceDataInvalid: { by: CAUSE },
  InputInvalid: { by: CAUSE },
  InputVanished: { by: OUTCOMES },
  InputsTaken: { by: 'test/unit/activities/prepared-inputs.test.ts' },
  ShutdownAtWork: { by: 'test/unit/activities/undo-plan.test.ts' },
  ShutdownUnknown: { by: OUTCOMES },
  ResumeImpossible: { by: 'test/workflows/resumed-run.test.ts' },
  RecoveryImpossible: { by: 'test/storage/recovery-drills.test.ts' },
  PlanOutdated: { by: 'test/storage/recovery-drills.test.ts' },
  RunNotCompleted: { by: 'test/workflows/procedure.test.ts' },
  ManifestLost: { by: `${DELIVERIES}/deliveries.test.ts` },
  CorrectionHalfPublished: { by: `${DELIVERIES}/world.ts` },
  DocumentInvalid: { by: CAUSE },
  ReportInvalid: { by: CAUSE },
  OutputChanged: { by: OUTCOMES },
  CountsDisagree: { by: CAUSE },
  KpiInvariantBroken: { by: OUTCOMES },
  ArchiveMismatch: { not: 'S3 would have to make another copy than it was asked for' },
  GlueJobMissing: { by: CAUSE },
  StartRefused: { by: START },
  GlueRunFailed: { by: CAUSE },
  GlueOutOfMemory: { by: CAUSE },
  GlueTimedOut: { by: CAUSE },
  GlueRunStopped: { by: CAUSE },
  GlueRunVanished: { by: CAUSE },
  LoadIncomplete: {
    not: 'the loader leaves nothing undone but items that the KPI script can not make; pytest has those',
  },
  GlueRunErrored: { by: CAUSE },
  GlueBusy: { by: START },
  StartOutcomeUnknown: { by: START },
  Throttled: { by: START },
  ServiceUnavailable: {
    not: 'the fault matrix sees that it passes by itself, a run parks with it after minutes only',
  },
  PublishConflict: { by: OUTCOMES },
  UnexpectedError: { not: 'it is what nobody has foreseen' },
};
