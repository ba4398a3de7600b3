/**
 * What the crash tests break: a whole stack whose workers, Temporal server and local Glue are started again as soon as
 * they are killed, files that are delivered to it, and what is expected of them.
 */
import { createHash } from 'node:crypto';
import { GlueClient, paginateGetJobRuns } from '@aws-sdk/client-glue';
import type { JobRun } from '@aws-sdk/client-glue';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { z } from 'zod';
import { isMissing } from '../../systems/aws/errors.ts';
import { fileIdOf } from '../../pipeline/documents.ts';
import type { DataFile } from '../../pipeline/documents.ts';
import { TOKEN_ARGUMENT } from '../../pipeline/glue-run.ts';
import { fileRecordSchema } from '../../pipeline/inputs.ts';
import type { FileRecord } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import type { ManifestKind } from '../../pipeline/layout.ts';
import { kpisManifestSchema, playsManifestSchema } from '../../pipeline/manifests.ts';
import { jobNameOf } from '../../pipeline/settings.ts';
import { SCRIPT_NAMES } from '../../pipeline/stages.ts';
import type { RunStatus } from '../../workflows/pipeline/messages.ts';
import { CrashingWorkers } from '../support/stack/crashing-workers.ts';
import { PipelineStack } from '../support/stack/pipeline-stack.ts';
import { SCRIPTS } from '../support/spark/launcher.ts';
import type { Script } from '../support/spark/launcher.ts';
import { csv, plays, songsCsv, usersCsv } from '../support/data/small-world.ts';
import { Supervisor } from '../support/stack/supervisor.ts';
import { trueItemsOf } from '../support/data/truth.ts';
import type { TrueItem } from '../support/data/truth.ts';
import { until } from '../support/until.ts';

export interface DeliveredFile {
  readonly name: string;
  readonly content: string;
  readonly day: string;
  /** Rows, whatever becomes of them. */
  readonly rows: number;
}

/** Where a file is to be found. */
export type Whereabouts = 'waiting' | 'archived' | 'refused';

export interface GlueJobRun {
  readonly id: string;
  readonly token: string;
  readonly state: string;
  readonly errorMessage: string;
}

/** A run whose Glue job begins: a look every 50 ms, on two busy cores. */
const GLUE_WORKS_WITHIN_MS = 120_000;

/** A worker or a server that was killed is back in seconds; two busy cores let it take longer. */
const ANSWERS_WITHIN_MS = 60_000;

/** Looks at a Glue that was killed just now: with the SDK's growing pauses, half a minute for it to come back. */
const GLUE_ATTEMPTS = 12;

/** Longer than any test: a Glue run that goes on until it is stopped. */
const FOR_EVER_MS = 86_400_000;

const FIRST_DAY = Date.UTC(2024, 0, 1);
const DAY_MS = 86_400_000;

export class CrashWorld {
  readonly stack: PipelineStack;
  readonly workers: CrashingWorkers;
  readonly files = new Map<string, DeliveredFile & { where: Whereabouts }>();
  /** Editions that days are to have. */
  readonly editions = new Map<string, number>();
  /** Workflow ids that are to be open. */
  readonly open = new Set<string>();
  /** Workflow ids of runs that have ended and keep their claims, because they can be resumed. */
  readonly claimants = new Set<string>();
  readonly #glue: GlueClient;
  readonly #supervisor: Supervisor;
  #held = false;
  #days = 0;
  #delivered = 0;
  #users = 0;

  private constructor(stack: PipelineStack, workers: CrashingWorkers) {
    this.stack = stack;
    this.workers = workers;
    const { operator } = stack.running.environment;
    this.#glue = new GlueClient({
      region: 'eu-west-1',
      endpoint: stack.running.stack.endpoints.glue,
      maxAttempts: GLUE_ATTEMPTS,
      credentials: {
        accessKeyId: operator['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: operator['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
    });
    this.#supervisor = new Supervisor(stack, async (part) => {
      if (part === 'glue' && this.#held) await this.holdGlue();
    });
  }

  /** @param spark scripts that run with Spark; a stand-in takes the place of the others. All when absent. */
  static async start(spark: readonly Script[] = SCRIPTS): Promise<CrashWorld> {
    const stack = await PipelineStack.start({}, spark);
    const workers = await CrashingWorkers.take(stack);
    const world = new CrashWorld(stack, workers);
    await stack.deliver('songs.csv', songsCsv(), 'songs');
    await world.newReference();
    await stack.client.schedules.apply();
    return world;
  }

  async stop(): Promise<void> {
    await this.#supervisor.stop();
    await this.workers.stop();
    this.#glue.destroy();
    await this.stack.stop();
  }

  /** A new version of the reference data, which changes no number: a user who never listens. */
  async newReference(): Promise<void> {
    this.#users += 1;
    const silent = `${1000 + this.#users},Silent,30,Norway,2024-01-01\n`;
    await this.stack.deliver('users.csv', `${usersCsv()}${silent}`, 'users');
  }

  /**
   * Delivers a file: plays, some of them twice, and rows that are rejected or under review, within
   * what the gate lets pass.
   * @param rejected how many rows are to be rejected
   * @param day a day of its own when absent
   */
  async deliver({ rejected = 2, day = this.#nextDay() } = {}): Promise<DeliveredFile> {
    this.#delivered += 1;
    const name = `plays-${day}-${this.#delivered}.csv`;
    const accepted = plays(this.#delivered, 60, [day]);
    const unknownTrack = `1,zzzzzzzzzzzzzzzzzzzzzz,${day} 12:00:00`;
    const bad = Array.from({ length: rejected }, (_, at) => `x${at},0000000000000000000001,${day} 12:00:00`);
    const lines = [...accepted, ...accepted.slice(0, 3), unknownTrack, ...bad];
    const file = { name, content: csv(lines), day, rows: lines.length };
    this.files.set(name, { ...file, where: 'waiting' });
    await this.stack.deliver(name, file.content);
    return file;
  }

  #nextDay(): string {
    const day = new Date(FIRST_DAY + this.#days * DAY_MS).toISOString().slice(0, 10);
    this.#days += 1;
    return day;
  }

  /** What is expected from now on. */
  expect(file: DeliveredFile, where: Whereabouts): void {
    this.files.set(file.name, { ...file, where });
  }

  /** The day is to have one edition more, and the file's plays to count. */
  expectPublished(file: DeliveredFile): void {
    this.expect(file, 'archived');
    this.expectEdition(file.day);
  }

  expectEdition(day: string): void {
    this.editions.set(day, (this.editions.get(day) ?? 0) + 1);
  }

  /** The items that the table is to have: of files that were published, by a second engine. */
  async truth(): Promise<Map<string, TrueItem>> {
    const published = [...this.files.values()].filter(
      ({ day, where }) => this.editions.has(day) && where !== 'refused',
    );
    if (published.length === 0) return new Map();
    return await trueItemsOf(published.map(({ content }) => content));
  }

  /** From now on Glue runs of the validation go on until they are stopped. */
  async holdGlue(): Promise<void> {
    this.#held = true;
    const fault = { kind: 'run', job: '*_validation', end: { state: 'SUCCEEDED', afterMs: FOR_EVER_MS } };
    await this.stack.faults(fault);
  }

  async releaseGlue(): Promise<void> {
    this.#held = false;
    await this.stack.forgetFaults();
  }

  /** How a run stands, as soon as a worker and the server are there to say so. */
  async status(workflowId: string): Promise<RunStatus> {
    const look = (): Promise<RunStatus | undefined> => this.stack.status(workflowId).catch(() => undefined);
    return await until(`${workflowId} answers`, look, ANSWERS_WITHIN_MS);
  }

  /** Returns when the run waits for a Glue run that lives. */
  async glueWorksFor(workflowId: string): Promise<void> {
    await until(
      `Glue works for ${workflowId}`,
      async () => {
        const { glueRun } = await this.status(workflowId);
        if (glueRun === null) return undefined;
        const live = (await this.glueRuns()).find(({ id }) => id === glueRun.jobRunId);
        return live?.state === 'RUNNING';
      },
      GLUE_WORKS_WITHIN_MS,
    );
  }

  /** How what is open stands, and what Glue does, for whoever has to find out why a case failed. */
  async standing(): Promise<string[]> {
    const lines = await this.#latestProcedure().catch((error: unknown) => [String(error)]);
    const query = "ExecutionStatus = 'Running'";
    for await (const { workflowId, runId } of this.stack.client.temporal.client.workflow.list({ query })) {
      const handle = this.stack.client.temporal.client.workflow.getHandle(workflowId, runId);
      const { raw } = await handle.describe();
      const pending = raw.pendingActivities?.map(({ activityType, attempt, lastFailure }) => ({
        activity: activityType?.name,
        attempt,
        failure: lastFailure?.message,
      }));
      const status = await handle.query('status').catch((error: unknown) => String(error));
      lines.push(`${workflowId} ${runId}: ${JSON.stringify({ pending, status })}`);
    }
    for (const { id, token, state, errorMessage } of await this.glueRuns()) {
      lines.push(`Glue ${id.slice(0, 12)} ${token} ${state} ${errorMessage}`);
    }
    return lines;
  }

  async #latestProcedure(): Promise<string[]> {
    const { procedures } = this.stack.client;
    const [latest] = await procedures.list(1);
    if (latest === undefined) return [];
    const { steps } = await procedures.status(latest);
    return steps.map(({ id, state, summary }) => `${latest.id} ${id} ${state}: ${summary}`);
  }

  /** Job runs of all of the pipeline's jobs. */
  async glueRuns(): Promise<GlueJobRun[]> {
    const found: GlueJobRun[] = [];
    for (const script of SCRIPT_NAMES) {
      const job = { JobName: jobNameOf(this.stack.client.settings.pipeline, script) };
      try {
        for await (const { JobRuns } of paginateGetJobRuns({ client: this.#glue }, job)) {
          found.push(...(JobRuns ?? []).map(viewOf));
        }
      } catch (error) {
        // No run has set the job up yet.
        if (!(error instanceof Error && error.name === 'EntityNotFoundException')) throw error;
      }
    }
    return found;
  }

  /** An object's content; `undefined` when there is none. */
  async bytes(key: string): Promise<Buffer | undefined> {
    try {
      const Bucket = this.stack.client.settings.bucket;
      const { Body: body } = await this.stack.s3.send(new GetObjectCommand({ Bucket, Key: key }));
      return body === undefined ? undefined : Buffer.from(await body.transformToByteArray());
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** @throws Error when the object is there and is not such a document */
  async document<T>(key: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const bytes = await this.bytes(key);
    return bytes === undefined ? undefined : schema.parse(JSON.parse(bytes.toString()));
  }

  /** The files that a day's manifest lists. */
  async listedFiles(kind: ManifestKind, day: string): Promise<DataFile[]> {
    const key = layout.manifest(kind, day);
    if (kind === 'kpis') return (await this.document(key, kpisManifestSchema))?.files ?? [];
    return (await this.document(key, playsManifestSchema))?.parts.flatMap(({ files }) => files) ?? [];
  }

  /** What the pipeline knows of a file. */
  async recordOf({ content }: DeliveredFile): Promise<FileRecord | undefined> {
    const sha256 = createHash('sha256').update(content).digest('hex');
    return await this.document(layout.file(fileIdOf(sha256)), fileRecordSchema);
  }

  /** Overwrites an object; its earlier version is kept by the bucket. */
  async damage(key: string): Promise<void> {
    const Bucket = this.stack.client.settings.bucket;
    await this.stack.s3.send(new PutObjectCommand({ Bucket, Key: key, Body: 'not what it was' }));
  }

  /** Deletes an object; its earlier version is kept by the bucket. */
  async remove(key: string): Promise<void> {
    const Bucket = this.stack.client.settings.bucket;
    await this.stack.s3.send(new DeleteObjectCommand({ Bucket, Key: key }));
  }

  /** Deletes every version of an object. */
  async destroy(key: string): Promise<void> {
    const Bucket = this.stack.client.settings.bucket;
    const listed = await this.stack.s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: key }));
    for (const { Key, VersionId } of [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])]) {
      if (Key !== key) continue;
      await this.stack.s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    }
  }
}

function viewOf({ Id, Arguments, JobRunState, ErrorMessage }: JobRun): GlueJobRun {
  const token = Arguments?.[TOKEN_ARGUMENT] ?? '';
  return { id: Id ?? '', token, state: JobRunState ?? '', errorMessage: ErrorMessage ?? '' };
}
