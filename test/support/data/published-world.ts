/**
 * A bucket and a table as runs leave them, without the runs: two days, three processed files and one that an ended run
 * had claimed. Made by the account's root; what is tested acts as the worker, so that its rights are tested with it.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { DuckDBInstance } from '@duckdb/node-api';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { activityCaller } from '../../../activities/call.ts';
import { createAwsClients, PATIENCE_OF_A_WORKER } from '../../../systems/aws/clients.ts';
import { isMissing } from '../../../systems/aws/errors.ts';
import { Systems } from '../../../systems/systems.ts';
import { keyRecordOf } from '../../../activities/storage/claims.ts';
import type { AccessKey } from '../../../local/stack/folder.ts';
import { provision } from '../../../local/stack/provision/provision.ts';
import { fileIdOf } from '../../../pipeline/documents.ts';
import type { DataFile } from '../../../pipeline/documents.ts';
import type { FileRecord, Owner } from '../../../pipeline/inputs.ts';
import type { KpiItem } from '../../../pipeline/kpi-items.ts';
import { layout } from '../../../pipeline/layout.ts';
import type { RunContext } from '../../../pipeline/run-context.ts';
import type { Settings } from '../../../pipeline/settings.ts';
import { ordinarySettings } from '../fakes/fake-activities.ts';
import { REGION, ROOT_KEY } from '../stack/ministack.ts';

/** Activities that fail are what many tests are about; their warnings would bury what a test has to say. */
const logger = new DefaultLogger('ERROR');

export const [MONDAY, TUESDAY] = ['2024-07-01', '2024-07-02'] as const;
export const NOW = '2024-07-03T00:00:00Z';

/** In epoch seconds. MiniStack deletes what has expired once a minute, as a test that looks at the item goes on. */
const NEVER = Date.parse('2100-01-01T00:00:00Z') / 1000;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The run that published everything, and one that has ended with a claim. */
export const RUN = 'daily-00000001';
const ENDED: Owner = { run: 'ended-00000002', workflowId: 'ended', originalRunId: '00000002' };
const OWNER: Owner = { run: RUN, workflowId: 'daily', originalRunId: '00000001' };

/** Each file by name: its content and the days that it brought plays of. */
const FILES = {
  'monday.csv': { content: 'plays of monday', days: [MONDAY] },
  'across.csv': { content: 'plays across midnight', days: [MONDAY, TUESDAY] },
  'tuesday.csv': { content: 'plays of tuesday', days: [TUESDAY] },
} as const;
export type FileName = keyof typeof FILES;

/** A file that the ended run had claimed. */
const LATE_CONTENT = 'plays that came late';
export const LATE = { key: 'streams/late.csv', id: fileIdOf(sha256(Buffer.from(LATE_CONTENT))) };

let worlds = 0;
/** An identity has two keys at most, so those of the world before are used again. */
let knownKeys: AccessKey[] = [];

export class PublishedWorld {
  readonly s3: S3Client;
  readonly dynamo: DynamoDBDocumentClient;
  /** As the worker has them. */
  readonly worker: Systems;
  readonly context: RunContext;
  readonly #bucket: string;

  private constructor(
    endpoint: string,
    key: { accessKeyId: string; secretAccessKey: string },
    context: RunContext,
  ) {
    const root = { region: REGION, endpoint, credentials: ROOT_KEY, forcePathStyle: true };
    this.s3 = new S3Client(root);
    this.dynamo = DynamoDBDocumentClient.from(new DynamoDBClient(root));
    const clients = createAwsClients(PATIENCE_OF_A_WORKER, {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    });
    this.worker = new Systems(clients, activityCaller);
    this.context = context;
    this.#bucket = context.settings.bucket;
  }

  static async make(endpoint: string): Promise<PublishedWorld> {
    worlds += 1;
    const pipeline = `world-${worlds}`;
    const settings = { pipeline, bucket: `${pipeline}-bucket`, table: `world_${worlds}` };
    const { worker, operator, localGlue } = await provision({
      settings,
      region: REGION,
      endpoint,
      knownKeys,
    });
    knownKeys = [worker, operator, localGlue];
    const owner = { run: `recovery-${worlds}`, workflowId: 'recovery', originalRunId: 'r' };
    const world = new PublishedWorld(endpoint, worker, {
      owner,
      settings: { ...ordinarySettings, ...settings },
    });
    await world.#fill();
    return world;
  }

  /** Fills the bucket and the table of a stack, whose worker then knows the days as its own. */
  static async fill(
    endpoint: string,
    settings: Pick<Settings, 'pipeline' | 'bucket' | 'table'>,
  ): Promise<PublishedWorld> {
    const world = new PublishedWorld(endpoint, ROOT_KEY, {
      owner: OWNER,
      settings: { ...ordinarySettings, ...settings },
    });
    await world.#fill();
    return world;
  }

  close(): void {
    this.s3.destroy();
    this.dynamo.destroy();
    this.worker.close();
  }

  /** Runs an activity as a worker does. */
  async run<A extends unknown[], R>(activity: (...args: A) => Promise<R>, ...args: A): Promise<R> {
    return await new MockActivityEnvironment(undefined, { logger }).run(activity, ...args);
  }

  idOf(name: FileName): string {
    return fileIdOf(sha256(Buffer.from(FILES[name].content)));
  }

  archived(name: FileName): string {
    return layout.archived(RUN, MONDAY, `streams/${name}`);
  }

  archiveRecord(id: string): string {
    return layout.archiveRecord(RUN, MONDAY, `${id}-0`);
  }

  validated(day: string): string {
    return `validated/plays/listen_date=${day}/run=${RUN}/jr_1-00000.parquet`;
  }

  kpis(day: string, edition = 1): string {
    return `kpis/listen_date=${day}/edition=${edition}/jr_2.parquet`;
  }

  /** Publishes the day again, as it was, under the next edition. */
  async publishAgain(day: string, edition: number): Promise<void> {
    await this.#published(day, edition);
  }

  async put(key: string, body: string | Uint8Array): Promise<void> {
    await this.s3.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body }));
  }

  async read(key: string): Promise<Buffer | undefined> {
    try {
      const { Body: body } = await this.s3.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
      return body === undefined ? undefined : Buffer.from(await body.transformToByteArray());
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async json(key: string): Promise<unknown> {
    const body = await this.read(key);
    return body === undefined ? undefined : JSON.parse(body.toString());
  }

  async delete(key: string): Promise<void> {
    await this.s3.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }));
  }

  /** Deletes every version of the object, so that nothing of it is left. */
  async destroy(key: string): Promise<void> {
    const listed = await this.s3.send(new ListObjectVersionsCommand({ Bucket: this.#bucket, Prefix: key }));
    for (const { Key, VersionId } of [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])]) {
      if (Key !== key) continue;
      await this.s3.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key, VersionId }));
    }
  }

  async flip(key: string): Promise<void> {
    const bytes = await this.#bytes(key);
    const at = bytes.length >> 1;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 0xff, at);
    await this.put(key, bytes);
  }

  async truncate(key: string): Promise<void> {
    await this.put(key, (await this.#bytes(key)).subarray(0, -1));
  }

  async swap(one: string, other: string): Promise<void> {
    const [first, second] = [await this.#bytes(one), await this.#bytes(other)];
    await this.put(one, second);
    await this.put(other, first);
  }

  async #bytes(key: string): Promise<Buffer> {
    const bytes = await this.read(key);
    if (bytes === undefined) throw new Error(`${key} is not there`);
    return bytes;
  }

  async putItem(item: object): Promise<void> {
    await this.dynamo.send(new PutCommand({ TableName: this.context.settings.table, Item: item }));
  }

  async deleteItem(id: string): Promise<void> {
    await this.dynamo.send(new DeleteCommand({ TableName: this.context.settings.table, Key: { id } }));
  }

  async #fill(): Promise<void> {
    for (const [name, { content, days }] of Object.entries(FILES)) await this.#processed(name, content, days);
    for (const day of [MONDAY, TUESDAY]) await this.#published(day);
    await this.#claimed();
  }

  async #processed(name: string, content: string, days: readonly string[]): Promise<void> {
    const bytes = Buffer.from(content);
    const key = `streams/${name}`;
    const id = fileIdOf(sha256(bytes));
    const archivedAs = layout.archived(RUN, MONDAY, key);
    await this.put(key, bytes);
    await this.put(archivedAs, bytes);
    await this.delete(key);
    const record: FileRecord = {
      ...{ version: 1, id, sha256: sha256(bytes), size: bytes.length, key, owner: OWNER },
      ...{ state: 'done', claimedAt: NOW, days: [...days], archivedAs },
    };
    await this.put(layout.file(id), JSON.stringify(record));
    await this.put(keyRecordOf(key), JSON.stringify({ version: 1, key, fileId: id }));
    await this.put(this.archiveRecord(id), JSON.stringify({ ...record, run: RUN, archivedAt: NOW }));
  }

  async #claimed(): Promise<void> {
    const { key, id } = LATE;
    const bytes = Buffer.from(LATE_CONTENT);
    const digest = sha256(bytes);
    await this.put(key, bytes);
    const record = {
      version: 1,
      id,
      sha256: digest,
      size: bytes.length,
      key,
      owner: ENDED,
      state: 'claimed',
      claimedAt: NOW,
    };
    await this.put(layout.file(id), JSON.stringify(record));
    await this.put(keyRecordOf(key), JSON.stringify({ version: 1, key, pending: ENDED }));
    const file = {
      order: 0,
      id,
      sha256: digest,
      key,
      versionId: 'v',
      etag: 'e',
      size: bytes.length,
      deliveredAt: NOW,
      verdict: 'new',
    };
    const inputs = { version: 1, run: ENDED.run, preparedAt: NOW, files: [file], retire: [], deferred: [] };
    await this.put(layout.runRecord(ENDED.run, 'inputs'), JSON.stringify(inputs));
  }

  async #published(day: string, edition = 1): Promise<void> {
    const plays = await this.#file(this.validated(day), Buffer.from(`accepted plays of ${day}`), 10);
    const live = Object.entries(FILES).filter(([, { days }]) => (days as readonly string[]).includes(day));
    const sources = live.map(([name, { content }]) => ({
      ...{ id: fileIdOf(sha256(Buffer.from(content))), key: `streams/${name}`, run: RUN, rows: 5 },
    }));
    const common = {
      version: 1,
      day,
      edition,
      publishedAt: NOW,
      run: RUN,
      referenceVersion: 'r1',
      scriptDigest: 's1',
    };
    const part = {
      run: RUN,
      files: [plays],
      rows: 10,
      distinctPlays: 10,
      sources: sources.map(({ id }) => id),
    };
    await this.put(
      layout.manifest('plays', day),
      JSON.stringify({ ...common, kind: 'plays', ruleVersion: '1', sources, retired: [], parts: [part] }),
    );
    const items = itemsOf(day);
    const file = await this.#file(this.kpis(day, edition), await parquet(items), items.length);
    await this.put(
      layout.manifest('kpis', day),
      JSON.stringify({
        ...common,
        kind: 'kpis',
        plays: 10,
        items: items.length,
        digest: 'd1',
        files: [file],
      }),
    );
    for (const item of items) await this.putItem({ ...item, edition, timestamp: NOW, expires_at: NEVER });
  }

  async #file(key: string, bytes: Buffer, rows: number): Promise<DataFile> {
    await this.put(key, bytes);
    return { key, size: bytes.length, rows, sha256: sha256(bytes) };
  }
}

export function itemsOf(day: string): KpiItem[] {
  const item = (metric: KpiItem['metric_type'], value: number, hour?: number): KpiItem => ({
    id: `${metric}#${day}#${hour === undefined ? 'all' : `hour=${hour}`}`,
    metric_type: metric,
    date: day,
    value,
    dimensions: hour === undefined ? {} : { hour },
    metadata: {},
  });
  return [
    item('daily_listen_count', 10),
    item('daily_total_listening_ms', 1234.5),
    item('hourly_listen_count', 4, 3),
    item('hourly_listen_count', 6, 4),
  ];
}

/** The items as a KPI job writes them. */
async function parquet(items: readonly KpiItem[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'msp-items-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const rows = items.map(
    ({ id, metric_type: metric, date, value, dimensions, metadata }) =>
      `(${[id, metric, date].map(quoted).join(', ')}, ${value}::double, ${quoted(JSON.stringify(dimensions))}, ${quoted(JSON.stringify(metadata))})`,
  );
  const path = join(folder, 'items.parquet');
  try {
    await connection.run(
      `copy (select * from (values ${rows.join(', ')}) as t(id, metric_type, date, value, dimensions, metadata)) to ${quoted(path)} (format parquet)`,
    );
    return await readFile(path);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
}
