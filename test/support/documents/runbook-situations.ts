/**
 * The situations of docs/runbook.md and its pages, brought about on a whole stack. How Glue runs end is scripted for each
 * pipeline run, and published days are put there as runs would have left them, so that a night's worth of trouble passes
 * without Spark.
 */
import { createHash } from 'node:crypto';
import { DeleteUserPolicyCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { ROOT_KEY } from '../../../local/stack/provision/provision.ts';
import { end } from '../../../local/stack/processes.ts';
import { fileIdOf } from '../../../pipeline/documents.ts';
import { runIdOf } from '../../../pipeline/layout.ts';
import type { RunStatus } from '../../../workflows/pipeline/messages.ts';
import type { PipelineStack } from '../stack/pipeline-stack.ts';
import { MONDAY, PublishedWorld } from '../data/published-world.ts';
import { csv, songsCsv, usersCsv } from '../data/small-world.ts';
import { until } from '../until.ts';
import { validationReport } from '../data/validation-report.ts';
import type { DocumentShell } from './document-shell.ts';
import type { DocumentProgram } from './document-program.ts';

const OUT_OF_MEMORY = { state: 'FAILED', category: 'OUT_OF_MEMORY_ERROR', errorMessage: 'Java heap space' };
/** Longer than any test. */
const ENDLESS = { state: 'SUCCEEDED', afterMs: 600_000 };

/** A run of the schedule may be in its three jobs, on two busy cores. */
const QUIET_WITHIN_MS = 120_000;

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
  /** The run whose validation does not end by itself. */
  #slow: string | undefined;
  /** Runs in the same situation, for the other ways of a page. */
  #more: string[] = [];
  #world: PublishedWorld | undefined;

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

  close(): void {
    this.#iam.destroy();
    this.#world?.close();
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
      return status === 'NeedsOperator' && round === this.#round;
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
    await this.#endSlow();
    let id: string;
    do id = this.#name('slow');
    while (!(await this.#validates(id)));
    this.#slow = id;
    await this.#take(id);
  }

  /** The stage's next Glue run works, after one that a pause has stopped. */
  async validatingAgain(): Promise<void> {
    await this.#stack.glueWorks(this.#current);
  }

  /** @returns false when a run that the page has started took the file first */
  async #validates(id: string): Promise<boolean> {
    await this.#begin(id, ENDLESS);
    let latest: RunStatus | undefined;
    const seen = await until('Glue works', async () => {
      latest = await this.#stack.status(id);
      return latest.glueRun !== null ? 'works' : latest.status === 'NoNewInput' ? 'taken' : undefined;
    }).catch((error: unknown) => {
      throw new Error(`${id} stands so: ${JSON.stringify(latest)}`, { cause: error });
    });
    return seen === 'works';
  }

  async validatingOnSchedule(): Promise<void> {
    const { schedules } = this.#stack.client;
    await schedules.resume(schedules.declaredId, 'a new night');
    await this.validating();
  }

  async terminated(): Promise<void> {
    // What the schedule has started must not be the latest Glue run, nor take the file.
    await this.#quiet();
    await this.#endValidations('sweep', OUT_OF_MEMORY);
    await this.validating();
    const { glueRun } = await this.#stack.status(this.#current);
    await until('Glue has begun', async () => {
      const { state } = await this.#stack.client.glue.get(glueRun?.jobRunId ?? '');
      return state === 'RUNNING';
    });
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

  /** A worker that has gone on with what was asked meanwhile: as long as a shutdown works, it stops what begins. */
  async withWorker(): Promise<void> {
    await this.#stack.startWorker();
    await this.#endedShutdown();
  }

  /** What the reader copies from the output before. */
  async shutdownId(): Promise<void> {
    await this.#set('SHUTDOWN', await this.#endedShutdown());
  }

  async #endedShutdown(): Promise<string> {
    const { workflow } = this.#stack.client.temporal.client;
    const result: unknown = await workflow.getHandle('music_streaming-emergency-shutdown').result();
    return (result as { shutdown: string }).shutdown;
  }

  /** What the reader copies from the plan. */
  async digest(): Promise<void> {
    const { procedures } = this.#stack.client;
    // The server lists what has just begun a moment later.
    const plan = await until('there is a plan', async () => {
      const latest = await procedures.find('latest');
      if (latest.endedAt !== undefined) return undefined;
      return (await procedures.status(latest)).plan ?? undefined;
    });
    await this.#set('DIGEST', plan.digest);
  }

  async nobodyApproves(): Promise<void> {
    const { procedures } = this.#stack.client;
    const handle = this.#stack.client.temporal.client.workflow.getHandle('music_streaming-recovery');
    const { workflowId, runId } = await handle.describe();
    const procedure = { id: runIdOf(workflowId, runId), workflowId, runId };
    const waits = await until('the plan waits, or has nothing to do', async () => {
      if ((await handle.describe()).status.name !== 'RUNNING') return 'ended';
      return (await procedures.status(procedure)).waiting === null ? undefined : 'waits';
    });
    if (waits === 'ended') return;
    await procedures.command('reject', procedure, { by: 'ada', reason: 'it was right after all' });
    await procedures.result(procedure);
  }

  /** A bucket with two published days, and files that an ended run has claimed. No run is at work. */
  async published(): Promise<void> {
    await this.#quiet();
    this.#world ??= await PublishedWorld.fill(
      this.#stack.running.stack.endpoints.aws,
      this.#stack.client.settings,
    );
  }

  async publishedAgain(): Promise<void> {
    await this.#world?.publishAgain(MONDAY, 2);
  }

  async archiveIsDamaged(): Promise<void> {
    await this.#world?.flip(this.#world.archived('monday.csv'));
  }

  async kpisAreDamaged(): Promise<void> {
    await this.#world?.truncate(this.#world.kpis(MONDAY));
  }

  /** Delivers a file of the run's own, and starts the run over it. Its validations end in turn as given. */
  async #begin(id: string, ...ends: object[]): Promise<void> {
    await this.#endValidations(id, ...ends);
    const delivered = await this.#stack.deliver(`${id}-plays.csv`, this.#content(id));
    await this.#stack.start(id, { inputs: [delivered.key] });
  }

  async #endValidations(id: string, ...ends: object[]): Promise<void> {
    const of = { kind: 'run', job: '*_validation', arguments: { '--run_token': `${id}/*` } };
    await this.#stack.faults(
      ...ends.map((each, at) => ({ ...of, ...(at < ends.length - 1 ? { times: 1 } : {}), end: each })),
    );
  }

  #content(id: string): string {
    return csv([`${id.length},0000000000000000000001,2024-06-25 10:00:00`, `${id},y,z`]);
  }

  /** A validation that found two rows in the run's file, so many of them wrong. */
  #judged(id: string, rejected: number): object {
    const digest = createHash('sha256').update(this.#content(id)).digest('hex');
    const rows = { delivered: 2, valid: 2 - rejected, duplicate: 0, rejected, underReview: 0 };
    const report = validationReport({ id: fileIdOf(digest), key: `streams/${id}-plays.csv`, rows });
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
    return `${what}-${this.#made}`;
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

  /** Returns when no run is at work. */
  async #quiet(): Promise<void> {
    await this.#endSlow();
    const look = async (): Promise<boolean> => {
      const runs = await this.#stack.client.runs.list();
      return !runs.some(({ status }) => status === 'Running');
    };
    await until('the runs of before have ended, or wait', look, QUIET_WITHIN_MS);
  }

  /** Glue takes few runs of a job at once. */
  async #endSlow(): Promise<void> {
    const { runs } = this.#stack.client;
    if (this.#slow === undefined) return;
    const run = await runs.find(this.#slow);
    const { execution } = await runs.describe(run);
    if (execution !== 'RUNNING') return;
    // Refused when the page has told it to end.
    await runs.command('abort', run, { by: 'ada', reason: 'the page goes on' }).catch(() => undefined);
    await runs.result(run);
  }
}
