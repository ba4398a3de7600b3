/**
 * The pipeline: from files that arrived under `streams/` to KPIs in DynamoDB.
 *
 * Read it from top to bottom; it is the whole algorithm. Each stage is one step below. A stage that gives up parks the
 * run (`stage.ts`), a Glue run is started once for each stage and round and never left alone (`glue.ts`), commands are
 * taken at any point (`run.ts`, `state.ts`), a run that ends early cleans up (`ending.ts`). Nothing that a killed or
 * doubled stage leaves is visible to readers until one of the two publishing stages writes a day's manifest on the
 * condition that nobody wrote it in between.
 *
 * Between stages travel only small records: keys of lists and reports in S3, counts, days and editions. A run without
 * trouble stays under 150 history events. A run that ends early leaves its claims: they name a run that has ended, so
 * the next run takes its files over, unless the run is resumed before: then it goes on as the same run
 * (`resumption.ts`), with what it had finished and with the Glue runs that it had started.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  ContinueAsNew,
} from '@temporalio/workflow';
import type {
  DayEdition,
  NewStreams,
  Preparation,
  PublishedPlays,
  QualitySummary,
  ScriptsReport,
} from '../../pipeline/activity-types.ts';
import type { Reference } from '../../pipeline/documents.ts';
import { firstFew } from '../../pipeline/first-few.ts';
import type { PlannedStage } from '../../pipeline/plans.ts';
import { pipelineRequestSchema } from '../../pipeline/request.ts';
import type { PipelineRequest } from '../../pipeline/request.ts';
import type { RowCounts } from '../../pipeline/reports.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import type { ScriptName, StageName } from '../../pipeline/stages.ts';
import { now } from '../shared/clock.ts';
import { plural } from '../../pipeline/format.ts';
import { requestOf } from '../shared/request.ts';
import { long, quick } from './activities.ts';
import { ownRequest } from './chain.ts';
import { endEarly } from './ending.ts';
import { GlueStage } from './glue.ts';
import { stopLeftGlueRuns } from './glue-stop.ts';
import { stopOrphans } from './orphans.ts';
import { takeOver } from './resumption.ts';
import { PipelineRun } from './run.ts';
import type { Continued } from './run.ts';
import { Stages } from './stage.ts';
import type { Round } from './stage.ts';
import { end, hold } from './state.ts';
import type { PipelineStatus } from './state.ts';
import * as say from './summaries.ts';

export interface PipelineResult {
  /** The run's id in the bucket. */
  readonly run: string;
  readonly outcome: 'published' | 'no new input' | 'nothing new' | 'rejected';
  /** Days whose plays the run published, with their new editions: the first ten; its record in the bucket has all. */
  readonly days: readonly DayEdition[];
  readonly dayCount: number;
  readonly rows?: RowCounts;
}

const STATUS_OF: Readonly<Record<PipelineResult['outcome'], PipelineStatus>> = {
  published: 'Completed',
  'no new input': 'NoNewInput',
  'nothing new': 'NoNewInput',
  rejected: 'Rejected',
};

/** @param continued what a long run hands to itself when it continues as new; nobody else gives it */
export async function musicStreamingPipeline(
  given: PipelineRequest = {},
  continued?: Continued,
): Promise<PipelineResult> {
  const request = ownRequest(requestOf(pipelineRequestSchema, given, 'run'));
  const run = new PipelineRun(request, continued);
  const stages = new Stages(run);
  try {
    if (request.resumeFrom !== undefined && continued === undefined) await takeOver(run, request.resumeFrom);
    const result = await new Pipeline(run, stages).run();
    run.change((state, at) => end(state, STATUS_OF[result.outcome], result.outcome, at));
    await condition(allHandlersFinished);
    return result;
  } catch (error) {
    if (error instanceof ContinueAsNew) throw error;
    await CancellationScope.nonCancellable(() => endEarly(run, error));
    throw error;
  }
}

/** What the first four stages leave: the ground that the others stand on. */
interface Ground {
  readonly context: RunContext;
  readonly reference: Reference;
  readonly scripts: Pick<ScriptsReport, 'digests' | 'files'>;
}

/** What the gate has decided, and on what. */
interface Judged {
  readonly rejected: boolean;
  readonly report?: string;
  readonly rows?: RowCounts;
}

/** How a run comes to its end by itself. */
interface Ending {
  readonly outcome: PipelineResult['outcome'];
  readonly published: PublishedPlays;
  readonly rows?: RowCounts | undefined;
  readonly loadReport?: string | undefined;
  readonly unarchived?: boolean;
}

const JUDGING = ['validation', 'quality_gate'] as const satisfies readonly StageName[];

const PUBLISHING = [
  'publish_plays',
  'kpi_computation',
  'kpi_verification',
  'publish_kpis',
  'dynamodb_load',
] as const satisfies readonly StageName[];

const NOTHING: PublishedPlays & { readonly loadReport?: undefined } = { days: [], dayCount: 0 };

function changesPlays({ toValidate, retiring }: Preparation): boolean {
  return toValidate > 0 || retiring > 0;
}

class Pipeline {
  readonly #run: PipelineRun;
  readonly #stages: Stages;

  constructor(run: PipelineRun, stages: Stages) {
    this.#run = run;
    this.#stages = stages;
  }

  async run(): Promise<PipelineResult> {
    const ground = await this.#prepareGround();
    const { dates } = this.#run.request;
    if (dates !== undefined) return await this.#computeAgain(ground, dates);

    const { context, reference } = ground;
    const found = await this.#stages.required('check_for_new_streams', async ({ overrides }) => {
      const result = await this.#findStreams(context, overrides);
      return { result, summary: say.found(result) };
    });
    if (found.files === 0) {
      this.#notNeeded(['prepare_data', ...JUDGING, ...PUBLISHING, 'archive_processed_data'], 'no new input');
      return await this.#finish(ground, { outcome: 'no new input', published: NOTHING });
    }

    const prepared = await this.#stages.required(
      'prepare_data',
      async ({ overrides }) => {
        if (overrides.inputs !== undefined) await this.#findStreams(context, overrides);
        const result = await long.prepareData(context, { reference, now: now() });
        return { result, summary: say.prepared(result) };
      },
      async (kept, { overrides }) => {
        if (overrides.inputs !== undefined) throw preparedAlready(overrides.inputs);
        await this.#adoptInputs(context, reference);
        return { result: kept, summary: say.prepared(kept) };
      },
    );

    const none = prepared.redelivered > 0 ? 'every file was delivered before' : 'other runs have the files';
    const { report, rows, rejected } = await this.#judge(ground, prepared, none);
    if (rejected) {
      this.#notNeeded([...PUBLISHING, 'archive_processed_data'], 'rejected by an operator');
      return await this.#finish(ground, { outcome: 'rejected', published: NOTHING, rows });
    }
    const changes = changesPlays(prepared);
    if (!changes) this.#notNeeded(PUBLISHING, none);
    const { loadReport, ...published } = changes ? await this.#publish(ground, report) : NOTHING;

    const archived = await this.#stages.optional('archive_processed_data', async () => {
      const result = await long.archiveInputs(context, { now: now() });
      return { result, summary: say.archived(result) };
    });
    const outcome = changes ? 'published' : 'nothing new';
    return await this.#finish(ground, {
      outcome,
      published,
      rows,
      loadReport,
      unarchived: archived === undefined,
    });
  }

  async #prepareGround(): Promise<Ground> {
    const { owner } = this.#run;
    const settings = await this.#stages.required('validate_aws_connection', async () => {
      const [result, identity] = await Promise.all([quick.readRunSettings(), quick.validateAwsConnection()]);
      await quick.checkTable(result);
      return { result, summary: say.identity(identity) };
    });
    const context: RunContext = { owner, settings };
    this.#run.context = context;

    await this.#stages.optional('init_s3_structure', async () => {
      const result = await quick.ensureStructure(context);
      return { result, summary: say.structure(result) };
    });
    const scripts = await this.#stages.required('verify_glue_scripts', async () => {
      const [result, orphans] = await Promise.all([
        quick.verifyGlueScripts(context),
        stopOrphans(this.#run, context),
      ]);
      return { result, summary: say.scripts(result, orphans) };
    });
    const reference = await this.#stages.required('check_reference_data', async () => {
      const result = await long.checkReferenceData(context);
      return { result, summary: say.reference(result) };
    });
    return { context, reference, scripts };
  }

  async #findStreams(context: RunContext, overrides: Round['overrides']): Promise<NewStreams> {
    const inputs = overrides.inputs ?? this.#run.request.inputs;
    return await quick.findNewStreams(context, inputs === undefined ? {} : { inputs });
  }

  async #adoptInputs(context: RunContext, reference: Reference): Promise<void> {
    const isKept = this.#run.kept('validation') !== undefined;
    await long.adoptInputs(context, isKept ? {} : { again: { reference, now: now() } });
  }

  /** The gate judges whatever changes published plays, also where there is nothing to validate. */
  async #judge(ground: Ground, prepared: Preparation, none: string): Promise<Judged> {
    const { context } = ground;
    const validates = prepared.toValidate > 0;
    if (!validates) this.#notNeeded(['validation'], none);
    if (!changesPlays(prepared)) {
      this.#notNeeded(['quality_gate'], none);
      return { rejected: false };
    }
    const report = validates ? await this.#glue(ground, 'validation', 'validate_data') : undefined;
    return await this.#stages.required('quality_gate', async () => {
      const onPurpose = this.#run.request.trigger === 'recovery';
      const what = report === undefined ? {} : { report };
      const quality = await long.judgeQuality(context, { ...what, onPurpose });
      const rejected = quality.gate.verdict === 'hold' && !(await this.#approved(context, quality));
      const rows = report === undefined ? {} : { rows: quality.rows };
      return { result: { rejected, ...what, ...rows }, summary: say.gate(quality, rejected) };
    });
  }

  /** Holds the run until an operator decides; a rejection sets the inputs aside. */
  async #approved(context: RunContext, { gate }: QualitySummary): Promise<boolean> {
    const since = now();
    this.#run.change((state) => hold(state, { since, until: this.#run.deadline(since), verdict: gate }));
    const decision = await this.#stages.decision('The run was held at the quality gate and nobody decided');
    if (decision.kind !== 'reject') return true;
    await long.quarantineInputs(context, { reason: gate.reasons.join('; ') });
    return false;
  }

  async #publish(
    ground: Ground,
    report: string | undefined,
    recompute?: readonly string[],
  ): Promise<PublishedPlays & { readonly loadReport?: string | undefined }> {
    const { context, reference, scripts } = ground;
    const plays = await this.#stages.required('publish_plays', async () => {
      const result = await long.publishPlays(context, {
        reference,
        scriptDigest: scripts.digests.validate_data,
        now: now(),
        ...(report === undefined ? {} : { report }),
        ...(recompute === undefined ? {} : { recompute }),
      });
      return { result, summary: say.days(result.days, result.dayCount) };
    });
    const { days, dayCount } = plays;
    if (dayCount === 0) {
      this.#notNeeded(
        PUBLISHING.filter((stage) => stage !== 'publish_plays'),
        'no day has changed',
      );
      return plays;
    }
    this.#run.change((state) => ({ ...state, days: days.map(({ day }) => day), dayCount }));

    const kpis = await this.#glue(ground, 'kpi_computation', 'compute_kpis');
    await this.#stages.optional('kpi_verification', async () => {
      const result = await long.verifyKpis(context, { report: kpis });
      return {
        result,
        summary: plural(result.items, 'item holds its invariants', 'items hold their invariants'),
      };
    });
    const { publishedCount, superseded, supersededCount } = await this.#stages.required(
      'publish_kpis',
      async () => {
        const result = await long.publishKpis(context, { report: kpis, now: now() });
        return { result, summary: say.publishedKpis(result) };
      },
    );
    if (publishedCount === 0) {
      const newer = say.days(superseded, supersededCount);
      this.#notNeeded(['dynamodb_load'], `newer editions are published (${newer})`);
      return plays;
    }
    return { ...plays, loadReport: await this.#optionalGlue(ground, 'dynamodb_load', 'load_dynamodb') };
  }

  async #computeAgain(ground: Ground, dates: readonly string[]): Promise<PipelineResult> {
    const because = 'days are computed again from their published plays';
    this.#notNeeded(['check_for_new_streams', 'prepare_data', ...JUDGING], because);
    const { loadReport, ...published } = await this.#publish(ground, undefined, dates);
    this.#notNeeded(['archive_processed_data'], because);
    return await this.#finish(ground, { outcome: 'published', published, loadReport });
  }

  /** Every run that comes to its end by itself ends here, and leaves its record. */
  async #finish({ context }: Ground, ending: Ending): Promise<PipelineResult> {
    const { outcome, published, rows, loadReport, unarchived = false } = ending;
    const record = { outcome, ...(rows === undefined ? {} : { rows }) };
    await this.#stages.required('update_processing_state', async () => {
      const load = await quick.updateProcessingState(context, {
        now: now(),
        record,
        ...(loadReport === undefined ? {} : { loadReport }),
        ...(unarchived ? { unarchived } : {}),
      });
      return { result: load, summary: say.loaded(load) };
    });
    const { days, dayCount } = published;
    return { run: context.owner.run, ...record, days, dayCount };
  }

  async #glue(ground: Ground, stage: PlannedStage, script: ScriptName): Promise<string> {
    return await this.#stages.required(stage, ({ round, overrides }) =>
      this.#glueRound(ground, stage, script, round, overrides),
    );
  }

  async #optionalGlue(ground: Ground, stage: PlannedStage, script: ScriptName): Promise<string | undefined> {
    const report = await this.#stages.optional(stage, ({ round, overrides }) =>
      this.#glueRound(ground, stage, script, round, overrides),
    );
    if (report === undefined) await stopLeftGlueRuns(this.#run, ground.context, [stage]);
    return report;
  }

  async #glueRound(
    { context, scripts }: Ground,
    stage: PlannedStage,
    script: ScriptName,
    round: number,
    { inputs, ...overrides }: Round['overrides'],
  ): Promise<{ result: string; summary: string }> {
    const merged = { ...this.#run.request.overrides, ...overrides };
    const version = { scriptDigest: scripts.digests[script], files: scripts.files[script] };
    const work = { stage, script, ...version, round, overrides: merged };
    const glue = new GlueStage(this.#run, this.#stages, context, work);
    const { report, ended } = await glue.result();
    return { result: report, summary: say.glue(ended) };
  }

  #notNeeded(stages: readonly StageName[], because: string): void {
    for (const stage of stages) this.#stages.notNeeded(stage, because);
  }
}

function preparedAlready(asked: readonly string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `The run has prepared its inputs and can't take ${firstFew(asked)} instead: abort it, and start a run with these`,
    'InputInvalid',
  );
}
