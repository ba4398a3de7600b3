/**
 * What is wrong with an account, a worker or a Glue run parks a run with the failure type for it, and once it is put
 * right a retry goes on. Everything is real but Spark: how Glue runs end is scripted.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { WorkflowHandle } from '@temporalio/client';
import { keyRecordOf } from '../../activities/storage/claims.ts';
import { provisionBucket } from '../../local/stack/provision/bucket.ts';
import { ROOT_KEY } from '../../local/stack/provision/provision.ts';
import { provisionTable } from '../../local/stack/provision/table.ts';
import type { FailureType } from '../../pipeline/failures.ts';
import { PREFIXES } from '../../pipeline/layout.ts';
import type { StageName } from '../../pipeline/stages.ts';
import { updates } from '../../workflows/pipeline/messages.ts';
import { withRunOnAnotherWorker } from '../support/stack/another-worker.ts';
import { csv, plays } from '../support/data/small-world.ts';
import { pipelineStack } from '../support/suites/whole-stack.ts';
import { until } from '../support/until.ts';
import { validationReport } from '../support/data/validation-report.ts';

const REGION = 'eu-west-1';
const SCRIPTS = join(import.meta.dirname, '../../dist/glue-scripts');
const VALIDATION = 'music_streaming_validation';
/** A worker of its own needs some seconds to load; what is retried, and fails again, some more. */
const PARKS_WITHIN_MS = 60_000;
const who = { by: 'ada', reason: 'put right' };

const suite = pipelineStack();
let dynamo: DynamoDBClient;
let bucket: string;
let table: string;

beforeAll(() => {
  const { aws } = suite.stack.running.stack.endpoints;
  dynamo = new DynamoDBClient({ region: REGION, credentials: ROOT_KEY, endpoint: aws });
  ({ bucket, table } = suite.stack.client.settings);
});
afterAll(() => {
  dynamo.destroy();
});

async function parks(id: string, stage: StageName, type: FailureType, message: RegExp): Promise<void> {
  let seen: unknown;
  const look = async (): Promise<unknown> => {
    const { parked } = await suite.stack.status(id);
    seen = parked?.failure;
    return parked?.stage === stage && parked.failure.type === type ? parked : undefined;
  };
  // What it says in the end tells more than that the time is over.
  await until(`${id} parks`, look, PARKS_WITHIN_MS).catch(() => undefined);
  expect(seen).toMatchObject({ type, message: expect.stringMatching(message) });
}

/** Runs a pipeline that parks; after it was put right, the retry goes on past the stage. */
async function parksUntil(
  id: string,
  [stage, type, message]: readonly [StageName, FailureType, RegExp],
  putRight: () => Promise<unknown>,
): Promise<void> {
  await suite.stack.start(id);
  await parks(id, stage, type, message);
  await putRight();
  const run = suite.stack.client.temporal.client.workflow.getHandle(id);
  await run.executeUpdate(updates.retryStage, { args: [who] });
  // Nothing is delivered yet: no songs, no users.
  await parks(id, 'check_reference_data', 'ReferenceDataInvalid', /No songs/);
  await ends(run);
}

/** Aborts a run and waits until its record is written: what comes next may take its bucket away. */
async function ends(run: WorkflowHandle): Promise<void> {
  await run.executeUpdate(updates.abort, { args: [who] });
  await run.result().catch(() => undefined);
}

describe('a worker', () => {
  it('with the keys of another account', async () => {
    const account = { MSP_EXPECTED_ACCOUNT: '123456789012' };
    await withRunOnAnotherWorker(suite.stack, account, 'wrong-account', () =>
      parks('wrong-account', 'validate_aws_connection', 'WrongAccount', /000000000000.*123456789012/),
    );
  });

  it('with a clock that is an hour off', async () => {
    const clock = pathToFileURL(join(import.meta.dirname, '../support/stack/shifted-clock.mjs')).href;
    await withRunOnAnotherWorker(suite.stack, { NODE_OPTIONS: `--import ${clock}` }, 'clock', () =>
      parks('clock', 'validate_aws_connection', 'ClockSkewed', /clock is 3[56]\d\d s off/),
    );
  });

  it('without the role that the jobs are made with', async () => {
    const none = { MSP_GLUE_ROLE: '', MSP_PIPELINE: 'music_streaming_without' };
    await withRunOnAnotherWorker(suite.stack, none, 'no-role', () =>
      parks('no-role', 'verify_glue_scripts', 'SettingsInvalid', /MSP_GLUE_ROLE/),
    );
  });

  it.each(['compute_kpis.py', 'music_streaming.zip'])(
    'with an edited %s of the same length',
    async (file) => {
      const folder = await mkdtemp(join(tmpdir(), 'msp-scripts-'));
      await cp(SCRIPTS, folder, { recursive: true });
      await writeFile(join(folder, file), edited(await readFile(join(folder, file))));
      const id = `edited-${file}`;
      await withRunOnAnotherWorker(suite.stack, { MSP_SCRIPTS_DIR: folder }, id, () =>
        parks(id, 'verify_glue_scripts', 'ScriptsInvalid', new RegExp(`${file} has the digest`)),
      );
      await rm(folder, { recursive: true });
    },
  );
});

/** Of the same length, and another script. */
function edited(content: Buffer): Buffer {
  const copy = Buffer.from(content);
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1);
  return copy;
}

describe('an account', () => {
  it('without the table', async () => {
    await deleteTable();
    await parksUntil('no-table', ['validate_aws_connection', 'TableMissing', new RegExp(table)], () =>
      provisionTable(dynamo, table),
    );
  });

  it('with a table that lacks an index', async () => {
    const { Table: found } = await dynamo.send(new DescribeTableCommand({ TableName: table }));
    await deleteTable();
    const [byMetric] = found?.GlobalSecondaryIndexes ?? [];
    const wrong = new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: found?.KeySchema,
      AttributeDefinitions: found?.AttributeDefinitions,
      GlobalSecondaryIndexes: [
        { IndexName: byMetric?.IndexName, KeySchema: byMetric?.KeySchema, Projection: byMetric?.Projection },
      ],
    });
    await dynamo.send(wrong);
    const missing = /has no index date-metric_type-index \(date and metric_type\)/;
    await parksUntil('no-index', ['validate_aws_connection', 'TableMisconfigured', missing], async () => {
      await deleteTable();
      await provisionTable(dynamo, table);
    });
  });

  it('whose bucket has its versioning suspended', async () => {
    await suite.stack.s3.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Suspended' } }),
    );
    const suspended = ['init_s3_structure', 'BucketMisconfigured', /Versioning .* is Suspended/] as const;
    await parksUntil('suspended', suspended, () => provisionBucket(suite.stack.s3, bucket, REGION));
  });

  it('without the bucket', async () => {
    await deleteBucket();
    await parksUntil('no-bucket', ['init_s3_structure', 'BucketMissing', new RegExp(bucket)], () =>
      provisionBucket(suite.stack.s3, bucket, REGION),
    );
  });

  it('with a script that somebody has put in the place of the one under its digest', async () => {
    const scripts = await suite.stack.keys(PREFIXES.scripts);
    const Key = scripts.find((key) => key.endsWith('load_dynamodb.py')) ?? '';
    const { Body: body } = await suite.stack.s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    const first = Buffer.from((await body?.transformToByteArray()) ?? []);
    const put = (Body: Buffer): Promise<unknown> =>
      suite.stack.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
    await put(edited(first));
    const replaced = ['verify_glue_scripts', 'ScriptsInvalid', new RegExp(`${Key} is not what was`)] as const;
    await parksUntil('replaced-script', replaced, () => put(first));
  });
});

async function deleteTable(): Promise<void> {
  await dynamo.send(new UpdateTableCommand({ TableName: table, DeletionProtectionEnabled: false }));
  await dynamo.send(new DeleteTableCommand({ TableName: table }));
}

async function deleteBucket(): Promise<void> {
  const { s3 } = suite.stack;
  const there = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
  for (const { Key, VersionId } of [...(there.Versions ?? []), ...(there.DeleteMarkers ?? [])])
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }));
  await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
}

describe('a run over a delivered file', () => {
  let key: string;
  let id: string;
  let started = 0;

  beforeAll(async () => {
    await suite.stack.deliverReference();
    const delivery = await suite.stack.deliver('plays.csv', csv(plays(1, 20, ['2024-07-01'])));
    key = delivery.key;
    id = delivery.fileId;
  });

  /** Starts a run that parks, and aborts it: the next takes its file over. */
  async function stops(
    [stage, type, message]: readonly [StageName, FailureType, RegExp],
    request: { readonly inputs?: string[] } = {},
    meanwhile: (run: string) => Promise<unknown> = () => Promise.resolve(),
  ): Promise<void> {
    started += 1;
    const run = `over-a-file-${started}`;
    await suite.stack.start(run, request);
    await meanwhile(run);
    await parks(run, stage, type, message);
    await ends(suite.stack.client.temporal.client.workflow.getHandle(run));
    await suite.stack.forgetFaults();
  }

  async function scripted(end: object): Promise<void> {
    await suite.stack.faults({ kind: 'run', job: VALIDATION, end });
  }

  it.each<[FailureType, RegExp, object]>([
    ['GlueRunFailed', /FAILED/, { state: 'FAILED', errorMessage: 'ValueError: no' }],
    ['GlueOutOfMemory', /heap/, { state: 'FAILED', errorMessage: 'OutOfMemoryError: Java heap space' }],
    ['GlueTimedOut', /TIMEOUT/, { state: 'TIMEOUT' }],
    ['GlueRunStopped', /STOPPED/, { state: 'STOPPED' }],
    ['GlueRunErrored', /ERROR/, { state: 'ERROR' }],
  ])('whose Glue run ends badly: %s', async (type, message, end) => {
    await scripted(end);
    await stops(['validation', type, message]);
  });

  it('whose Glue run leaves no report', async () => {
    await scripted({ state: 'SUCCEEDED' });
    await stops(['quality_gate', 'ReportInvalid', /left no report/]);
  });

  it('whose report does not count every row', async () => {
    const rows = { delivered: 20, valid: 19, duplicate: 0, rejected: 0, underReview: 0 };
    await scripted({ state: 'SUCCEEDED', writes: [validationReport({ id, key, rows })] });
    await stops(['quality_gate', 'CountsDisagree', /does not account for every row/]);
  });

  /** What Glue answers about a job that somebody has deleted. */
  async function unknown(operation: string): Promise<void> {
    const error = { code: 'EntityNotFoundException' };
    await suite.stack.faults({ kind: 'api', operation, job: VALIDATION, error });
  }

  it('whose Glue job is deleted while it works', async () => {
    await scripted({ state: 'SUCCEEDED', afterMs: 600_000 });
    await stops(['validation', 'GlueRunVanished', /does not know run jr_/], {}, async (run) => {
      await suite.stack.glueWorks(run);
      await unknown('GetJobRun');
    });
  });

  it('whose Glue job is deleted before it starts', async () => {
    await unknown('StartJobRun');
    await stops(['validation', 'GlueJobMissing', /StartJobRun/]);
  });

  it('that is asked to take a file that is not there', async () => {
    await stops(['check_for_new_streams', 'InputInvalid', /nothing\.csv/], { inputs: ['nothing.csv'] });
  });

  it('one of whose records is damaged', async () => {
    const Key = keyRecordOf(key);
    await suite.stack.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: '{oops' }));
    await stops(['prepare_data', 'DocumentInvalid', new RegExp(Key)]);
  });
});
