/**
 * The world of one run, as far as it reaches: its Glue runs, its activities with the failures that a sequence has
 * ordered, and what must never be seen of them. What is broken is written down and ends nothing, so that one sequence
 * shows all that it breaks.
 */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { createRunActivities } from '../../activities/temporal/runs.ts';
import { STAGE_NAMES } from '../../pipeline/stages.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { fakeActivities, ordinarySettings } from '../support/fakes/fake-activities.ts';
import type { FakeActivities } from '../support/fakes/fake-activities.ts';
import { GlueInHand } from '../support/fakes/glue-in-hand.ts';
import type { Failing, FaultKind, Sequence } from './steps.ts';

type Activities = FakeActivities['activities'];

/** The stage that an activity belongs to; those that belong to several, or to none, are left out. */
const STAGE_OF: Readonly<Record<string, StageName>> = {
  readRunSettings: 'validate_aws_connection',
  checkTable: 'validate_aws_connection',
  ensureStructure: 'init_s3_structure',
  verifyGlueScripts: 'verify_glue_scripts',
  checkReferenceData: 'check_reference_data',
  findNewStreams: 'check_for_new_streams',
  prepareData: 'prepare_data',
  judgeQuality: 'quality_gate',
  publishPlays: 'publish_plays',
  verifyKpis: 'kpi_verification',
  publishKpis: 'publish_kpis',
  archiveInputs: 'archive_processed_data',
  updateProcessingState: 'update_processing_state',
};

/** What must have succeeded before an activity runs. */
const BEFORE: Readonly<Record<string, (world: World) => boolean>> = {
  judgeQuality: ({ glue }) => glue.of('validation').includes('SUCCEEDED'),
  publishPlays: (world) => world.done.has('judgeQuality') && (world.gate === 'pass' || world.approvals > 0),
  verifyKpis: ({ glue }) => glue.of('kpi_computation').includes('SUCCEEDED'),
  publishKpis: ({ glue, done }) =>
    done.has('publishPlays') && glue.of('kpi_computation').includes('SUCCEEDED'),
  archiveInputs: ({ done }) => done.has('publishPlays') && done.has('publishKpis'),
  updateProcessingState: ({ done }) => done.has('publishPlays') || done.has('quarantineInputs'),
};

export class World {
  readonly glue: GlueInHand;
  readonly gate: Sequence['gate'];
  readonly broken: string[] = [];
  /** Activities that have had their effect. */
  readonly done = new Set<string>();
  /** Approvals sent. */
  approvals = 0;
  /** The stage in which the run said that it is paused; nothing of another may begin. */
  pausedIn: StageName | null | undefined;
  /** A Glue run could not be stopped, so one may be left to the next run's sweep. */
  stopRefused = false;
  readonly #activities: Activities;
  readonly #faults = new Map<Failing, FaultKind[]>();
  #busy = 0;
  #lastMove = Date.now();

  constructor({ gate, waiting, historySteps }: Pick<Sequence, 'gate' | 'waiting' | 'historySteps'>) {
    this.gate = gate;
    this.glue = new GlueInHand(...waiting);
    const rows = { delivered: 100, valid: 94, duplicate: 0, rejected: 6, underReview: 0 };
    this.#activities = fakeActivities({
      ...createRunActivities(),
      ...this.glue.activities,
      readRunSettings: () => Promise.resolve({ ...ordinarySettings, historySteps }),
      judgeQuality: () =>
        Promise.resolve({
          gate: { verdict: gate, reasons: ['6 of 100 rows rejected'] },
          rows,
          rejectedFiles: 0,
        }),
    }).activities;
  }

  breaks(promise: string): void {
    this.broken.push(promise);
  }

  /** The next call of the activity fails. */
  arm(activity: Failing, fault: FaultKind): void {
    this.#faults.set(activity, [...(this.#faults.get(activity) ?? []), fault]);
  }

  disarm(): void {
    this.#faults.clear();
  }

  /** Milliseconds since an activity began or ended; none while one is under way that ends by itself. */
  get quietFor(): number {
    return this.#busy > 0 ? 0 : Date.now() - this.#lastMove;
  }

  async perform(name: string, args: unknown[]): Promise<unknown> {
    const waits = name === 'awaitGlueRun';
    if (!waits) this.#busy += 1;
    this.#lastMove = Date.now();
    try {
      return await this.#perform(name, args);
    } finally {
      if (!waits) this.#busy -= 1;
      this.#lastMove = Date.now();
    }
  }

  async #perform(name: string, args: unknown[]): Promise<unknown> {
    this.#mayBegin(name, args);
    const fault = this.#faults.get(name as Failing)?.shift();
    if (fault === 'operator') {
      if (name === 'stopGlueRun') this.stopRefused = true;
      throw ApplicationFailure.nonRetryable(`${name} is not authorized`, 'AccessDenied');
    }
    if (fault === 'retryable') throw ApplicationFailure.retryable(`${name}: rate exceeded`, 'Throttled');
    const activity = this.#activities[name as keyof Activities] as (...given: unknown[]) => Promise<unknown>;
    const result = await activity(...args);
    this.done.add(name);
    this.#lookAtGlue();
    if (fault === 'lost') throw ApplicationFailure.retryable(`${name}: no answer`, 'ServiceUnavailable');
    return result;
  }

  #mayBegin(name: string, args: unknown[]): void {
    if (BEFORE[name]?.(this) === false) this.breaks(`${name} ran before what it needs`);
    const stage = name === 'startGlueRun' ? stageAsked(args) : STAGE_OF[name];
    if (stage !== undefined && this.pausedIn !== undefined && stage !== this.pausedIn) {
      this.breaks(`${stage} began while the run was paused in ${this.pausedIn}`);
    }
  }

  #lookAtGlue(): void {
    for (const stage of STAGE_NAMES) {
      const live = this.glue.of(stage).filter((state) => state === 'RUNNING').length;
      if (live > 1) this.breaks(`${stage} has ${live} live Glue runs`);
    }
  }
}

function stageAsked(args: unknown[]): StageName | undefined {
  const asked = args[1] as { readonly stage?: StageName } | undefined;
  return asked?.stage;
}

/** Activities of one worker for many runs: each call goes to the world of the run that makes it. */
export function activitiesOf(worlds: ReadonlyMap<string, World>): Activities {
  const { identifyRun, ...others } = fakeActivities().activities;
  const sorted = Object.keys(others).map((name) => [
    name,
    (...args: unknown[]): Promise<unknown> => {
      const { workflowId = '' } = activityInfo().workflowExecution ?? {};
      const world = worlds.get(workflowId);
      if (world === undefined) throw new Error(`${workflowId} has no world`);
      return world.perform(name, args);
    },
  ]);
  return { ...(Object.fromEntries(sorted) as typeof others), identifyRun };
}
