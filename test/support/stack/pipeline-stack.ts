/**
 * A whole local stack for a test file: real servers, and real Spark where it is asked for, in a folder and on ports of
 * its own, with what tests do to it and see of it. Assertions read as the account's root, so that no permission hides anything.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DeleteCommand, DynamoDBDocumentClient, paginateScan, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { PipelineClient } from '../../../client/pipeline-client.ts';
import type { Delivery, PipelineRequest } from '../../../client/pipeline-client.ts';
import { ROOT_KEY } from '../../../local/stack/provision/provision.ts';
import { workerPart } from '../../../local/stack/parts.ts';
import { freePortBase } from '../../../local/stack/ports.ts';
import { problemOf } from '../../../local/stack/probes.ts';
import { end, StartedProcess } from '../../../local/stack/processes.ts';
import { startStack } from '../../../local/stack/start.ts';
import type { RunningStack } from '../../../local/stack/start.ts';
import { stopStack } from '../../../local/stack/stop.ts';
import type { Toolchain } from '../../../local/stack/toolchain.ts';
import { kpiItemSchema } from '../../../pipeline/kpi-items.ts';
import type { StageName } from '../../../pipeline/stages.ts';
import { statusQuery } from '../../../workflows/pipeline/messages.ts';
import type { RunStatus } from '../../../workflows/pipeline/messages.ts';
import type { PipelineStatus } from '../../../workflows/pipeline/state.ts';
import type { PipelineResult } from '../../../workflows/pipeline/workflow.ts';
import { songsCsv, usersCsv } from '../data/small-world.ts';
import { Launcher } from '../spark/launcher.ts';
import type { Script } from '../spark/launcher.ts';
import type { TrueItem } from '../data/truth.ts';
import { until, within } from '../until.ts';

/** A run of three Glue jobs takes half a minute alone on two cores; several at once wait for each other. */
const RUN_WITHIN_MS = 300_000;

/** A stage before the one that is waited for may run Spark: half a minute alone, several times that beside another stack. */
const GLUE_WORKS_WITHIN_MS = 120_000;

/** The least that there is: a run has three Glue runs, and each waits for the look after its end. */
const IMPATIENT = { MSP_GLUE_POLL_SECONDS: '0.1' };

/** Between two looks at whether a run has parked. */
const PARK_LOOK_MS = 1_000;

const namedSchema = z.looseObject({
  track_id: z.string().optional(),
  genre: z.string().optional(),
  artist: z.string().optional(),
});

export class PipelineStack {
  readonly client: PipelineClient;
  readonly running: RunningStack;
  readonly s3: S3Client;
  readonly #dynamo: DynamoDBDocumentClient;
  readonly #dir: string;
  readonly #launcher: Launcher;
  #deliveries = 0;

  private constructor(dir: string, running: RunningStack, launcher: Launcher) {
    this.#dir = dir;
    this.#launcher = launcher;
    this.running = running;
    this.client = PipelineClient.connect({ environment: running.environment.operator });
    const access = { region: 'eu-west-1', endpoint: running.stack.endpoints.aws, credentials: ROOT_KEY };
    this.s3 = new S3Client(access);
    this.#dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(access));
  }

  /** @param withSpark scripts that run with Spark; a stand-in takes the place of the others */
  static async start(
    environment: Readonly<Record<string, string>> = {},
    withSpark: readonly Script[] = [],
  ): Promise<PipelineStack> {
    const dir = await mkdtemp(join(tmpdir(), 'msp-stack-'));
    const launcher = Launcher.make(join(dir, 'tools'), withSpark);
    const running = await startStack({
      dir,
      portBase: await freePortBase(),
      environment: { MSP_SETUP_DIR: launcher.folder, ...IMPATIENT, ...environment },
      allowFaults: true,
    });
    return new PipelineStack(dir, running, launcher);
  }

  async stop(): Promise<void> {
    await this.client.close();
    this.s3.destroy();
    this.#dynamo.destroy();
    // Nothing of it is kept, so no part needs time to write what it has.
    const { processes } = this.running.folder.readStack() ?? this.running.stack;
    await Promise.all(Object.values(processes).map((part) => end(part, 0)));
    await stopStack(this.#dir);
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** The programs that it runs with. */
  get toolchain(): Toolchain {
    return this.#launcher.toolchain;
  }

  /** From now on these scripts run with Spark, and the others without. */
  sparkFor(...scripts: readonly Script[]): void {
    this.#launcher.useSparkFor(scripts);
  }

  /** Delivers content under a name below `streams/`. */
  async deliver(
    name: string,
    content: string | Buffer,
    kind: 'streams' | 'songs' | 'users' = 'streams',
  ): Promise<Delivery> {
    this.#deliveries += 1;
    const path = join(this.#dir, `delivery-${this.#deliveries}`);
    await writeFile(path, content);
    return await this.client.deliver(path, { kind, key: name });
  }

  /** The songs and users of the small world. */
  async deliverReference(): Promise<void> {
    await this.deliver('songs.csv', songsCsv(), 'songs');
    await this.deliver('users.csv', usersCsv(), 'users');
  }

  async start(id: string, request: PipelineRequest = {}): Promise<string> {
    return (await this.client.runs.start(request, id)).workflowId;
  }

  async result(id: string, withinMs = RUN_WITHIN_MS): Promise<PipelineResult> {
    const result = this.client.temporal.client.workflow.getHandle(id).result() as Promise<PipelineResult>;
    const over = new AbortController();
    try {
      return await within(`${id} ends`, Promise.race([result, this.#parking(id, over.signal)]), withinMs);
    } finally {
      over.abort();
    }
  }

  /** Rejects when the run parks, so that a test need not wait until its time is over to see why. */
  async #parking(id: string, over: AbortSignal): Promise<never> {
    while (!over.aborted) {
      // While the server or the worker is away, nobody answers.
      const parked = (await this.status(id).catch(() => undefined))?.parked ?? undefined;
      if (parked !== undefined) {
        const { type, message } = parked.failure;
        throw new Error(`${id} parked in ${parked.stage}: ${type}: ${message}`);
      }
      await setTimeout(PARK_LOOK_MS);
    }
    return await Promise.race([]);
  }

  async run(id: string, request: PipelineRequest = {}): Promise<PipelineResult> {
    return await this.result(await this.start(id, request));
  }

  async status(id: string): Promise<RunStatus> {
    return await this.client.temporal.client.workflow.getHandle(id).query(statusQuery);
  }

  /** @param stage where a stage that the run was in before may have had the same status */
  async reaches(id: string, status: PipelineStatus, stage?: StageName): Promise<RunStatus> {
    const look = async (): Promise<RunStatus | undefined> => {
      const seen = await this.status(id);
      return seen.status === status && (stage ?? seen.stage) === seen.stage ? seen : undefined;
    };
    return await until(`${id} is ${status}`, look, RUN_WITHIN_MS);
  }

  /** @param stage the first that starts a Glue run when absent */
  async glueWorks(id: string, stage: StageName = 'validation'): Promise<RunStatus> {
    const look = async (): Promise<RunStatus | undefined> => {
      const seen = await this.status(id);
      return seen.stage === stage && seen.glueRun !== null ? seen : undefined;
    };
    return await until(`Glue works for ${id} in ${stage}`, look, GLUE_WORKS_WITHIN_MS);
  }

  /** The items of the table by id, in the form of the truth. The guards of days are no items. */
  async items(): Promise<Map<string, TrueItem>> {
    const items = new Map<string, TrueItem>();
    for (const row of await this.rows()) {
      if (typeof row['id'] === 'string' && row['id'].startsWith('day#')) continue;
      const { id, value, metadata } = kpiItemSchema.parse(row);
      const { track_id: track, genre, artist } = namedSchema.parse(metadata);
      items.set(id, { value, named: track ?? artist ?? genre ?? '' });
    }
    return items;
  }

  /** Everything in the table, as it stands there. */
  async rows(): Promise<Record<string, unknown>[]> {
    const rows: Record<string, unknown>[] = [];
    const pages = paginateScan(
      { client: this.#dynamo },
      { TableName: this.client.settings.table, ConsistentRead: true },
    );
    for await (const page of pages) rows.push(...(page.Items ?? []));
    return rows.sort((a, b) => String(a['id']).localeCompare(String(b['id'])));
  }

  /** Damages the table: gives an item another value. */
  async changeItem(id: string, value: number): Promise<void> {
    await this.#dynamo.send(
      new UpdateCommand({
        TableName: this.client.settings.table,
        Key: { id },
        UpdateExpression: 'SET #value = :value',
        ExpressionAttributeNames: { '#value': 'value' },
        ExpressionAttributeValues: { ':value': value },
      }),
    );
  }

  /** Damages the table: removes an item. */
  async deleteItem(id: string): Promise<void> {
    await this.#dynamo.send(new DeleteCommand({ TableName: this.client.settings.table, Key: { id } }));
  }

  async keys(prefix: string): Promise<string[]> {
    const listed = await this.s3.send(
      new ListObjectsV2Command({ Bucket: this.client.settings.bucket, Prefix: prefix }),
    );
    return (listed.Contents ?? []).flatMap(({ Key }) =>
      Key === undefined || Key.endsWith('/') ? [] : [Key],
    );
  }

  /** Glue runs of all jobs, by the stage that asked for them. */
  async glueRuns(): Promise<string[]> {
    const runs = await this.client.glue.list(1000);
    return runs.map(({ job }) => job);
  }

  /** Starts the stack's worker again after it was killed, and waits until it polls. */
  async startWorker(): Promise<void> {
    const { folder, stack: file, environment } = this.running;
    const { worker } = file.processes;
    if (worker === undefined) throw new Error('The stack has no worker');
    const { command, readyWithinMilliseconds } = workerPart(environment.worker);
    const started = await StartedProcess.start(command, worker.logFile);
    folder.writeStack({ ...file, processes: { ...file.processes, worker: started.record } });
    const { taskQueue } = this.client.settings;
    const { pid } = started.record;
    const part = { name: 'worker', endpoints: file.endpoints, taskQueue, pid } as const;
    await until(
      'the worker polls its task queue',
      async () => ((await problemOf(part)) === undefined ? true : undefined),
      readyWithinMilliseconds,
    );
  }

  /** Makes local Glue misbehave; see its README. */
  async faults(...faults: object[]): Promise<void> {
    const answer = await fetch(`${this.running.stack.endpoints.glue}/_local/faults`, {
      method: 'POST',
      body: JSON.stringify({ faults }),
    });
    if (!answer.ok) throw new Error(`Local Glue refused the faults: ${await answer.text()}`);
  }

  /** Lets local Glue behave again; what has begun with a fault goes on. */
  async forgetFaults(): Promise<void> {
    await fetch(`${this.running.stack.endpoints.glue}/_local/faults`, { method: 'DELETE' });
  }
}

/** What of the truth the table does not say, and what it says beside it; empty when they agree. */
export function differences(
  truth: ReadonlyMap<string, TrueItem>,
  table: ReadonlyMap<string, TrueItem>,
): string[] {
  const wrong: string[] = [];
  for (const [id, { value, named }] of truth) {
    const there = table.get(id);
    if (there === undefined) wrong.push(`${id} is missing`);
    else if (Math.abs(there.value - value) > 1e-9 * Math.max(1, value)) {
      wrong.push(`${id} is ${there.value}, not ${value}`);
    } else if (named !== '' && there.named !== named) wrong.push(`${id} names ${there.named}, not ${named}`);
  }
  for (const id of table.keys()) if (!truth.has(id)) wrong.push(`${id} should not be there`);
  return wrong;
}
