/**
 * The situations of docs/runbook.md and its pages, brought about on a whole stack. How Glue runs end is scripted for each
 * pipeline run, so that a night's worth of trouble passes in seconds; only the day that is published and then damaged is
 * computed by Spark, beside the rest.
 */
import { createHash } from 'node:crypto';
import { DeleteUserPolicyCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { ROOT_KEY } from '../../local/stack/provision/provision.ts';
import { end } from '../../local/stack/processes.ts';
import { fileIdOf } from '../../pipeline/documents.ts';
import type { PipelineResult } from '../../workflows/pipeline/workflow.ts';
import type { DocumentProgram } from './document-program.ts';
import type { DocumentShell } from './document-shell.ts';
import type { PipelineStack } from './pipeline-stack.ts';
import { csv, plays, songsCsv, usersCsv } from './small-world.ts';
import { until } from './until.ts';
import { validationReport } from './validation-report.ts';

/** The published day. */
const DAY = '2024-06-25';

const OUT_OF_MEMORY = { state: 'FAILED', category: 'OUT_OF_MEMORY_ERROR', errorMessage: 'Java heap space' };
/** Longer than any test. */
const ENDLESS = { state: 'SUCCEEDED', afterMs: 600_000 };

const DENIED = { UserName: 'msp-worker', PolicyName: 'denied' };

type Tools = Readonly<{ stack: PipelineStack; shell: DocumentShell; program: DocumentProgram }>;

export class RunbookSituations {
  readonly #stack: PipelineStack;
  readonly #shell: DocumentShell;
  readonly #program: DocumentProgram;
  readonly #iam: IAMClient;
  #made = 0;
  /** The run that the page is about, and the round of its stage. */
  #current = '';
  #round = 1;
  /** Runs in the same situation, for the other ways of a page. */
  #more: string[] = [];
  #published: Promise<PipelineResult> | undefined;

  constructor({ stack, shell, program }: Tools) {
    this.#stack = stack;
    this.#shell = shell;
    this.#program = program;
    const endpoint = stack.running.stack.endpoints.aws;
    this.#iam = new IAMClient({ region: 'eu-west-1', endpoint, credentials: ROOT_KEY });
  }

  async prepare(): Promise<void> {
    await this.#stack.deliver('songs.csv', songsCsv(), 'songs');
    await this.#stack.deliver('users.csv', usersCsv(), 'users');
    await this.#stack.client.schedules.apply();
  }

  async close(): Promise<void> {
    this.#iam.destroy();
    // A run that fails beside the pages is told of by the page that needs it.
    await this.#published?.catch(() => undefined);
  }

  /** Begins to publish the day, and to give it a second edition; `published` waits for it. */
  publish(): void {
    const publish = async (): Promise<PipelineResult> => {
      await this.#stack.deliver('sunday.csv', csv(plays(1, 100, [DAY])));
      await this.#stack.run('sunday', { inputs: ['streams/sunday.csv'] });
      return await this.#stack.run('sunday-again', { dates: [DAY] });
    };
    this.#published = publish();
    this.#published.catch(() => undefined);
  }

  async published(): Promise<void> {
    await this.#published;
  }

  async parked(id: string): Promise<void> {
    await this.#begin(id, OUT_OF_MEMORY);
    await this.#stack.reaches(id, 'NeedsOperator', 'validation');
    await this.#take(id);
  }

  async parkedAgain(): Promise<void> {
    const id = this.#current;
    this.#round += 1;
    await until(`${id} has parked again`, async () => {
      const { status, round } = await this.#stack.status(id);
      return status === 'NeedsOperator' && round === this.#round ? true : undefined;
    });
  }

  async threeParked(): Promise<void> {
    await this.#three('parked', async (id) => {
      await this.#begin(id, OUT_OF_MEMORY);
      await this.#stack.reaches(id, 'NeedsOperator', 'validation');
    });
  }

  async threeAborted(): Promise<void> {
    await this.#three('closed', async (id) => {
      await this.#begin(id, OUT_OF_MEMORY, this.#judged(id, 0));
      await this.#stack.reaches(id, 'NeedsOperator', 'validation');
      const run = await this.#stack.client.runs.find(id);
      await this.#stack.client.runs.command('abort', run, { by: 'ada', reason: 'enough for today' });
      await this.#stack.client.runs.result(run);
    });
  }

  async threeHeld(): Promise<void> {
    await this.#three('held', async (id) => {
      await this.#begin(id, this.#judged(id, 1));
      await this.#stack.reaches(id, 'Held');
    });
  }

  /** A run that asks for a file that came by another name. */
  async withoutInput(): Promise<void> {
    await this.#stack.deliver('found.csv', this.#content('found'));
    await this.#stack.start('misnamed', { inputs: ['streams/lost.csv'] });
    await this.#stack.reaches('misnamed', 'NeedsOperator');
    await this.#take('misnamed');
  }

  async threeWithoutRights(): Promise<void> {
    const Resource = `arn:aws:s3:::${this.#stack.client.settings.bucket}/archived/*`;
    const denied = { Effect: 'Deny', Action: 's3:PutObject', Resource };
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [denied] });
    await this.#iam.send(new PutUserPolicyCommand({ ...DENIED, PolicyDocument }));
    await this.#three('unarchived', async (id) => {
      await this.#begin(id, this.#judged(id, 0));
      await this.#stack.reaches(id, 'NeedsOperator', 'archive_processed_data');
    });
    await this.#iam.send(new DeleteUserPolicyCommand(DENIED));
  }

  async validating(): Promise<void> {
    await this.#endCurrent();
    const id = this.#name('slow');
    await this.#begin(id, ENDLESS);
    await until('Glue works', async () =>
      (await this.#stack.status(id)).glueRun === null ? undefined : true,
    );
    await this.#take(id);
  }

  async validatingOnSchedule(): Promise<void> {
    const { schedules } = this.#stack.client;
    await schedules.resume(schedules.declaredId, 'a new night');
    await this.validating();
  }

  async terminated(): Promise<void> {
    await this.validating();
    const { glueRun } = await this.#stack.status(this.#current);
    const handle = this.#stack.client.temporal.client.workflow.getHandle(this.#current);
    await handle.terminate('by mistake');
    await this.#set('GLUE_RUN', glueRun?.jobRunId ?? '');
  }

  /** The next run in the same situation. */
  async next(): Promise<void> {
    const [id, ...more] = this.#more;
    if (id === undefined) throw new Error('There is no further run in this situation');
    this.#more = more;
    await this.#take(id);
  }

  async withoutWorker(): Promise<void> {
    await this.validating();
    const { worker } = this.#stack.running.folder.readStack()?.processes ?? {};
    if (worker !== undefined) await end(worker, 0);
  }

  async withWorker(): Promise<void> {
    await this.#stack.startWorker();
  }

  /** What the reader copies from the output before. */
  async shutdownId(): Promise<void> {
    const handle = this.#stack.client.temporal.client.workflow.getHandle(
      'music-streaming-emergency-shutdown',
    );
    const { shutdown } = (await handle.result()) as { shutdown: string };
    await this.#set('SHUTDOWN', shutdown);
  }

  /** What the reader copies from the plan. */
  async digest(): Promise<void> {
    const procedure = await this.#stack.client.procedures.find('latest');
    const plan = await until(
      'there is a plan',
      async () => (await this.#stack.client.procedures.status(procedure)).plan ?? undefined,
    );
    await this.#set('DIGEST', plan.digest);
  }

  async nobodyApproves(): Promise<void> {
    const { procedures } = this.#stack.client;
    const procedure = await procedures.find('latest');
    if (procedure.endedAt !== undefined) return;
    await until('the plan waits', async () =>
      (await procedures.status(procedure)).waiting === null ? undefined : true,
    );
    await procedures.command('reject', procedure, { by: 'ada', reason: 'it was right after all' });
    await procedures.result(procedure);
  }

  async archiveIsDamaged(): Promise<void> {
    await this.#overwrite('archived/', (key) => key.endsWith('/sunday.csv'));
  }

  async kpisAreDamaged(): Promise<void> {
    await this.#overwrite(`kpis/listen_date=${DAY}/edition=2/`, (key) => key.endsWith('.parquet'));
  }

  async #overwrite(prefix: string, wanted: (key: string) => boolean): Promise<void> {
    const key = (await this.#stack.keys(prefix)).find(wanted);
    if (key === undefined) throw new Error(`Nothing to overwrite below ${prefix}`);
    const Bucket = this.#stack.client.settings.bucket;
    await this.#stack.s3.send(new PutObjectCommand({ Bucket, Key: key, Body: 'not what it was' }));
  }

  /** Delivers a file of the run's own, and starts the run over it. Its validations end in turn as given. */
  async #begin(id: string, ...ends: object[]): Promise<void> {
    const of = { kind: 'run', job: '*-validate-data', arguments: { '--run_token': `${id}/*` } };
    await this.#stack.faults(
      ...ends.map((each, at) => ({ ...of, ...(at < ends.length - 1 ? { times: 1 } : {}), end: each })),
    );
    const delivered = await this.#stack.deliver(`${id}.csv`, this.#content(id));
    await this.#stack.start(id, { inputs: [delivered.key] });
  }

  #content(id: string): string {
    return csv([`${String(id.length)},0000000000000000000001,${DAY} 10:00:00`, `${id},y,z`]);
  }

  /** A validation that found two rows in the run's file, so many of them wrong. */
  #judged(id: string, rejected: number): object {
    const digest = createHash('sha256').update(this.#content(id)).digest('hex');
    const rows = { delivered: 2, valid: 2 - rejected, duplicate: 0, rejected, underReview: 0 };
    const report = validationReport({ id: fileIdOf(digest), key: `streams/${id}.csv`, rows });
    return { state: 'SUCCEEDED', writes: [report] };
  }

  async #three(what: string, bring: (id: string) => Promise<void>): Promise<void> {
    const ids = [1, 2, 3].map(() => this.#name(what));
    await Promise.all(ids.map(bring));
    this.#more = ids;
    await this.next();
  }

  #name(what: string): string {
    this.#made += 1;
    return `${what}-${String(this.#made)}`;
  }

  async #take(id: string): Promise<void> {
    this.#current = id;
    this.#round = 1;
    await this.#shell.run(`RUN=${id}`, 5_000);
    this.#program.set('run', await this.#stack.client.runs.find(id));
  }

  async #set(name: string, value: string): Promise<void> {
    await this.#shell.run(`${name}=${value}`, 5_000);
  }

  /** Glue takes few runs of a job at once. */
  async #endCurrent(): Promise<void> {
    const { runs } = this.#stack.client;
    const run = await runs.find(this.#current);
    const { execution } = await runs.describe(run);
    if (execution !== 'RUNNING') return;
    await runs.command('abort', run, { by: 'ada', reason: 'the page goes on' });
    await runs.result(run);
  }
}
