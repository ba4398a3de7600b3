/**
 * The client of the pipeline: everything that the CLI does, for programs.
 *
 * ```ts
 * const pipeline = PipelineClient.connect();
 * try {
 *   await pipeline.deliver('streams-2024-06-25.csv');
 *   const run = await pipeline.runs.start({});
 *   const end = await pipeline.runs.result(run);
 *   const items = await pipeline.kpis.query({ date: '2024-06-25', metric: 'top_song' });
 * } finally {
 *   await pipeline.close();
 * }
 * ```
 *
 * Settings come from `MSP_…` variables, connections from the standard ones (`TEMPORAL_…`, `AWS_…`). Nothing connects
 * before it is used. What goes wrong outside is thrown as {@link ClientError}, whose `code` says what kind of trouble
 * it is.
 */
import { layout } from '../pipeline/layout.ts';
import { parseSettings, SettingsError, type Environment, type Settings } from '../pipeline/settings.ts';
import { STAGE_NAMES, type StageName } from '../pipeline/stages.ts';
import { createAwsClients, PATIENCE_OF_A_PERSON } from '../systems/aws/clients.ts';
import { Systems } from '../systems/systems.ts';
import type { GlueLogs } from '../systems/logs/streams.ts';
import { connectTemporal, type TemporalLink } from './connection.ts';
import { deliver, deliveryKey, type Delivery, type DeliveryKind } from './deliveries.ts';
import { ClientError, clientCaller, notFound } from './errors.ts';
import { type GlueRun, GlueRuns } from './glue-runs.ts';
import { findOrphans } from './orphans.ts';
import { Kpis } from './kpis.ts';
import { Objects } from './objects.ts';
import { Procedures } from './procedures.ts';
import { Quality } from './quality.ts';
import { RunRecovery } from './run-recovery.ts';
import { Runs } from './runs.ts';
import { Schedules } from './schedules.ts';
import { Shutdowns } from './shutdowns.ts';

export { ClientError, CLIENT_ERROR_CODES, type ClientErrorCode } from './errors.ts';
export type { Delivery, DeliveryKind } from './deliveries.ts';
export type { GlueRun } from './glue-runs.ts';
export type { KpiQuestion, PublishedKpi, TableView } from './kpis.ts';
export type { LogLine, LogStream } from '../pipeline/declared/logs.ts';
export type { PrefixUsage } from './objects.ts';
export type { ListedProcedure, ProcedureView } from './procedure-view.ts';
export type { ProcedureEnd, ProcedureReference } from './procedures.ts';
export type { JudgedRow, QualityRecord } from './quality.ts';
export type { ListedRun } from './run-listing.ts';
export type { RunReference } from './references.ts';
export type { RunEnd } from './runs.ts';
export type { ScheduleView } from './schedules.ts';
export type { RecoveryRequest } from '../pipeline/recovery/request.ts';
export type { PipelineRequest } from '../pipeline/request.ts';
export type { ResetRequest } from '../pipeline/reset/request.ts';

/** How {@link PipelineClient.connect} finds the pipeline. */
export interface ConnectOptions {
  /** The process environment when absent. */
  readonly environment?: Environment;
  /**
   * How often a call to Temporal is tried while the server does not answer: 10 when absent, which takes about 20 s and
   * rides over the restart of a server.
   */
  readonly attempts?: number;
}

/** The pipeline: each part of what can be asked of it is a property. */
export class PipelineClient {
  readonly settings: Settings;
  readonly temporal: TemporalLink;
  /** Runs of the pipeline: start, find, status, commands, result. */
  readonly runs: Runs;
  /** Recovery of closed runs. */
  readonly recovery: RunRecovery;
  /** Emergency shutdowns. */
  readonly shutdowns: Shutdowns;
  readonly schedules: Schedules;
  /** The published KPIs and their table. */
  readonly kpis: Kpis;
  readonly bucket: Objects;
  /** What validation found: reports, rejected rows, rows under review. */
  readonly quality: Quality;
  /** Data recovery and reset: start, plan, approve, steer. */
  readonly procedures: Procedures;
  readonly glue: GlueRuns;
  readonly logs: GlueLogs;
  readonly #systems: Systems;

  private constructor(settings: Settings, temporal: TemporalLink, systems: Systems) {
    this.settings = settings;
    this.temporal = temporal;
    this.#systems = systems;
    this.runs = new Runs(temporal, settings);
    this.schedules = new Schedules(temporal, settings);
    this.kpis = new Kpis(systems.table(settings.table));
    this.bucket = new Objects(systems.bucket(settings.bucket));
    this.quality = new Quality(this.bucket);
    this.procedures = new Procedures(temporal, settings, this.bucket);
    this.glue = new GlueRuns(systems.jobRuns, settings.pipeline);
    this.logs = systems.logs;
    this.recovery = new RunRecovery(temporal, settings);
    const { runs, schedules, glue } = this;
    this.shutdowns = new Shutdowns(temporal, settings, { runs, schedules, glue });
  }

  /**
   * @throws ClientError `WrongUse` naming each wrong setting
   */
  static connect({ environment = process.env, attempts = 10 }: ConnectOptions = {}): PipelineClient {
    return new PipelineClient(
      settingsOf(environment),
      connectTemporal(environment, attempts),
      new Systems(createAwsClients(PATIENCE_OF_A_PERSON, environment), clientCaller),
    );
  }

  /**
   * Uploads a file to where the pipeline looks for it, verified on arrival. The same name is the same key.
   * @param options.kind `streams` when absent
   * @param options.key instead of the file's name
   * @param options.prefix a folder below that of the kind
   * @param options.onProgress told now and then what share of the file is sent, 0 to 1
   */
  async deliver(
    path: string,
    options: {
      readonly kind?: DeliveryKind;
      readonly key?: string;
      readonly prefix?: string;
      readonly onProgress?: (share: number) => void;
    } = {},
  ): Promise<Delivery> {
    const { kind = 'streams', onProgress, ...naming } = options;
    return await deliver(
      this.#systems.bucket(this.settings.bucket),
      path,
      deliveryKey(kind, path, naming),
      onProgress,
    );
  }

  /**
   * The id that a run has in the bucket. Needs Temporal only where the reference is not such an id itself, so records
   * of runs that Temporal has forgotten can still be read.
   * @param reference workflow id, id in the bucket, or `latest`
   * @throws ClientError `NotFound`
   */
  async runInBucket(reference: string): Promise<string> {
    if (reference !== 'latest' && !(await this.bucket.isEmpty(layout.runFolder(reference)))) return reference;
    return (await this.runs.find(reference)).run;
  }

  /**
   * The latest Glue job run of a run, or of one of its stages. Glue is asked first: every job run names its pipeline
   * run, and a run that is parked no longer holds the one that failed. Older ones are found by the run's checkpoints.
   * @param reference as for {@link runInBucket}
   * @returns its id
   * @throws ClientError `NotFound` when there is no such run, or it has started no Glue job
   */
  async jobRunOf(reference: string, stage?: StageName): Promise<string> {
    const run = await this.runInBucket(reference);
    const stages = stage === undefined ? STAGE_NAMES : [stage];
    const latest = await this.glue.latestOf(run, stages);
    if (latest !== undefined) return latest.id;

    const checkpoints = await this.runs.checkpoints(await this.runs.find(reference));
    const own = checkpoints.filter((each) => stages.includes(each.stage));
    const id = own.findLast(({ glueRun }) => glueRun !== undefined)?.glueRun?.jobRunId;
    if (id !== undefined) return id;
    throw notFound(
      `Run ${reference} has started no Glue job${stage === undefined ? '' : ` for ${stage}`} yet.`,
      'msp glue runs lists all job runs.',
    );
  }

  /**
   * Live Glue runs whose pipeline run has ended; `glue.stop` stops them. Every run does so when it begins.
   */
  async orphans(): Promise<GlueRun[]> {
    return await findOrphans(this.temporal, this.glue);
  }

  /** Closes all connections. The client can't be used afterwards. */
  async close(): Promise<void> {
    this.#systems.close();
    await this.temporal.close();
  }
}

function settingsOf(environment: Environment): Settings {
  try {
    return parseSettings(environment);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new ClientError('WrongUse', error.message, {
      advice: 'msp settings shows them all.',
      cause: error,
    });
  }
}
