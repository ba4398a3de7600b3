/** All that the crash tests kill something in, by name. */
import type { SubjectKind } from './subject.ts';
import { DayReset, MadeAgain, ResetUndone, Restored, WentBack } from './subjects/repairing.ts';
import { OrdinaryRun, RefusedRun, RunAfterTerminated, RunResumed } from './subjects/runs.ts';
import { ClaimsReset, Shutdown, ShutdownUndone } from './subjects/stopping.ts';

export const SUBJECTS: Readonly<Record<string, SubjectKind>> = {
  run: {
    about: 'a run from delivered files to KPIs',
    sites: /^musicStreamingPipeline\./,
    make: (world) => new OrdinaryRun(world),
  },
  'run-after-terminated': {
    about: 'a run that finds a terminated one’s file, claims and Glue run',
    make: (world) => new RunAfterTerminated(world),
  },
  'run-resumed': {
    about: 'the resuming of a terminated run whose Glue run still works',
    // What awaits the Glue run does so to the end.
    sites: /^musicStreamingPipeline\.(?!awaitGlueRun)/,
    make: (world) => new RunResumed(world),
  },
  'run-refused': {
    about: 'a run whose input is refused at the gate',
    sites: /\.(judgeQuality|quarantineInputs|identifyRun|updateProcessingState)\b/,
    make: (world) => new RefusedRun(world),
  },
  shutdown: {
    about: 'an emergency shutdown with a run in Glue and an orphaned Glue run',
    make: (world) => new Shutdown(world),
  },
  'shutdown-undone': {
    about: 'the undoing of an emergency shutdown',
    make: (world) => new ShutdownUndone(world),
  },
  'recovery-restoring': {
    about: 'a data recovery from copies',
    make: (world) => new Restored(world),
  },
  'recovery-making-again': {
    about: 'a data recovery that has to make plays and KPIs again',
    sites: /^dataRecovery\./,
    make: (world) => new MadeAgain(world),
  },
  'recovery-going-back': {
    about: 'going back to an earlier edition of a day',
    sites: /^dataRecovery\./,
    make: (world) => new WentBack(world),
  },
  'reset-claims': {
    about: 'a reset with a run in its way, freeing claims',
    make: (world) => new ClaimsReset(world),
  },
  'reset-day': {
    about: 'a reset that processes a day anew',
    sites: /^pipelineReset\./,
    make: (world) => new DayReset(world),
  },
  'reset-undone': {
    about: 'the undoing of a reset',
    // The reset itself performs the same activities.
    sites: /^pipelineReset\./,
    make: (world) => new ResetUndone(world),
  },
};
