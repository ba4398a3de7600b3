/**
 * Activities for tests of the workflow alone: every one answers at once with the answer of an ordinary day, unless the
 * test replaces it. What was called is recorded.
 */
import { ApplicationFailure } from '@temporalio/common';
import type {
  EndedGlueRun,
  CommandActivities,
  PipelineActivities,
  ShutdownActivities,
} from '../../../pipeline/activity-types.ts';
import type { RunSettings } from '../../../pipeline/run-context.ts';
import { createCommandActivities } from '../../../activities/temporal/runs.ts';

const rows = { delivered: 100, valid: 97, duplicate: 1, rejected: 1, underReview: 1 };
const scriptFiles = { script: 'script.py', library: 'library.zip' };
const day = { day: '2024-06-25', edition: 1 };

type Replaceable = PipelineActivities & ShutdownActivities;

export type Replacements = Partial<Replaceable>;

export interface FakeActivities {
  readonly activities: Replaceable & CommandActivities;
  /** Names in the order of the calls; an activity that is tried again stands here again. */
  readonly calls: string[];
}

export const succeeded: EndedGlueRun = { state: 'SUCCEEDED', executionSeconds: 30, dpuSeconds: 120 };

export const ordinarySettings: RunSettings = {
  pipeline: 'test',
  bucket: 'test-bucket',
  table: 'test_table',
  workerType: 'G.1X',
  numberOfWorkers: 2,
  jobTimeoutMinutes: 10,
  gluePollSeconds: 1,
  maxFilesPerRun: 100,
  maxBytesPerRun: 1_000_000,
  maxUnpackedBytes: 1_000_000,
  referenceMaxUnusableShare: 0.01,
  gateMaxRejectedShare: 0.05,
  gateMaxReviewShare: 0.02,
  gateMaxLostShare: 0.5,
  gateMaxDayDistance: 366,
  parkHours: 1,
  parkExpiry: 'fail',
  historySteps: 200,
  shutdownWaitHours: 2,
  shutdownUnansweredMinutes: 5,
  retentionDays: 365,
};

const ordinaryRows = { files: 1, rows: 100, unusable: 0 };

const ordinaryDay: Replaceable = {
  readRunSettings: () => Promise.resolve(ordinarySettings),
  validateAwsConnection: () =>
    Promise.resolve({
      account: '000000000000',
      arn: 'arn:aws:iam::000000000000:user/test',
      region: 'eu-west-1',
    }),
  checkTable: () => Promise.resolve(),
  ensureStructure: () => Promise.resolve({ createdPrefixes: [] }),
  verifyGlueScripts: () =>
    Promise.resolve({
      digests: { validate_data: 'v', compute_kpis: 'c', load_dynamodb: 'l' },
      files: { validate_data: scriptFiles, compute_kpis: scriptFiles, load_dynamodb: scriptFiles },
      uploaded: 0,
      changedJobs: [],
    }),
  checkReferenceData: () =>
    Promise.resolve({ version: 'r1', songs: ordinaryRows, users: ordinaryRows, firstBad: [] }),
  findNewStreams: () => Promise.resolve({ files: 1, bytes: 100, left: 0 }),
  prepareData: () => Promise.resolve({ toValidate: 1, redelivered: 0, retiring: 0, deferred: 0, bytes: 100 }),
  startGlueRun: (_context, { stage, token }) =>
    Promise.resolve({
      jobName: stage,
      jobRunId: `jr_${token.slice(-1)}_${stage}`,
      adopted: false,
      timeoutMinutes: 10,
    }),
  awaitGlueRun: () => Promise.resolve(succeeded),
  stopGlueRun: () => Promise.resolve({ jobRunIds: ['jr_stopped'] }),
  judgeQuality: () => Promise.resolve({ gate: { verdict: 'pass', reasons: [] }, rows, rejectedFiles: 0 }),
  quarantineInputs: () => Promise.resolve({ files: 1 }),
  publishPlays: () => Promise.resolve({ days: [day], dayCount: 1 }),
  verifyKpis: () => Promise.resolve({ items: 10 }),
  publishKpis: () =>
    Promise.resolve({ published: [day], publishedCount: 1, superseded: [], supersededCount: 0 }),
  archiveInputs: () => Promise.resolve({ archived: 1, bytes: 100, kept: 0 }),
  updateProcessingState: () => Promise.resolve({ put: 10, deleted: 0, unchanged: 0, superseded: 0 }),
  recordEarlyEnd: () => Promise.resolve(),
  findClosedWorkflows: () => Promise.resolve([]),
  findLiveGlueRuns: () => Promise.resolve([]),
  readProgress: () => Promise.reject(new Error('No run was closed')),
  adoptInputs: () => Promise.resolve({ files: 1 }),
  pauseSchedules: () => Promise.resolve({ paused: [], pausedBefore: [] }),
  listSchedules: () => Promise.resolve({ paused: [], pausedBefore: [] }),
  findOpenRuns: () => Promise.resolve([]),
  tellRuns: () => Promise.resolve(),
  readChains: () => Promise.resolve([]),
  endChains: () => Promise.resolve(),
  pauseProcedures: () => Promise.resolve([]),
  findOpenProcedures: () => Promise.resolve([]),
  findPollers: () => Promise.resolve(['1@test']),
  stopGlueRuns: () => Promise.resolve(),
  countTableItems: () => Promise.resolve(10),
  saveUndoPlan: () => Promise.resolve(),
  writeShutdownReport: () => Promise.resolve({ report: 'r.json', markdown: 'r.md', plan: 'p.json' }),
  secureStoppedRun: () => Promise.resolve({ objects: 0, record: 'processed/runs/r/stopped/now.json' }),
};

/** A failure of archiving that needs an operator. */
export const archiveMismatch = ApplicationFailure.nonRetryable('the copy differs', 'ArchiveMismatch');

export function archivingFailsOnce(): Replacements {
  let tries = 0;
  return {
    archiveInputs: (...given) => {
      tries += 1;
      return tries === 1 ? Promise.reject(archiveMismatch) : ordinaryDay.archiveInputs(...given);
    },
  };
}

export function fakeActivities(replacements: Replacements = {}): FakeActivities {
  const calls: string[] = [];
  const recorded = Object.entries({ ...ordinaryDay, ...replacements }).map(([name, activity]) => [
    name,
    (...args: unknown[]): unknown => {
      calls.push(name);
      return (activity as (...given: unknown[]) => unknown)(...args);
    },
  ]);
  const activities = { ...(Object.fromEntries(recorded) as Replaceable), ...createCommandActivities() };
  return { activities, calls };
}
