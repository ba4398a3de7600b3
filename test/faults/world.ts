/** A stack with faults, what was delivered to it, and an operator who sees to whatever its runs are refused. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { DeleteJobCommand, GetJobCommand, GlueClient, UpdateJobCommand } from '@aws-sdk/client-glue';
import { DeleteUserPolicyCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { ROOT_KEY } from '../../local/stack/provision/provision.ts';
import type { ProcedureReference } from '../../client/procedures.ts';
import type { ShutdownEnd } from '../../client/shutdowns.ts';
import type { FailureType } from '../../pipeline/failures.ts';
import { layout, PREFIXES } from '../../pipeline/layout.ts';
import { updates } from '../../workflows/pipeline/messages.ts';
import type { PipelineResult } from '../../workflows/pipeline/workflow.ts';
import type { ProcedureStatus } from '../../workflows/procedures/messages.ts';
import type { Failure } from '../../workflows/shared/failure.ts';
import { rightOf } from '../support/faults/answers.ts';
import type { RefusingFault } from '../support/faults/answers.ts';
import { AskingClient } from '../support/faults/asking-client.ts';
import type { Reply } from '../support/faults/asking-client.ts';
import type { EveryFault, Refusal } from '../support/faults/plans.ts';
import type { Plan } from '../support/faults/proxy.ts';
import { StackWithFaults } from '../support/faults/stack-with-faults.ts';
import { differences } from '../support/stack/pipeline-stack.ts';
import type { PipelineStack } from '../support/stack/pipeline-stack.ts';
import { SCRIPTS } from '../support/spark/launcher.ts';
import type { Script } from '../support/spark/launcher.ts';
import { csv, plays, songsCsv, usersCsv } from '../support/data/small-world.ts';
import { trueItems } from '../support/data/truth.ts';
import { within } from '../support/until.ts';

/** What a stage parks with when its call is refused. */
const TYPES: Readonly<Record<RefusingFault, FailureType>> = {
  denied: 'AccessDenied',
  expired: 'CredentialsInvalid',
};

/** Between two looks at a run that may have parked. */
const LOOK_MS = 50;

/** A run alone takes half a minute on two cores; with every fault and every park it takes two. So does a procedure. */
const RUN_WITHIN_MS = 280_000;

/** So many that each operation on files is called as often as it has faults. */
const FILES_AT_ONCE = 4;
const PLAYS = 50;
const DAY = '2024-07-01';

/** Of an answer that is wrong; enough to see which it is. */
const SHOWN_CHARACTERS = 300;

const noFaults: Plan = () => undefined;

const who = { by: 'ada', reason: 'seen to' };

export interface RunWithFaults {
  readonly outcome: PipelineResult['outcome'];
  /** What it was refused, as often as it parked. */
  readonly parked: readonly string[];
}

export interface Answered {
  /** Questions that were answered otherwise than without faults. */
  readonly wrong: readonly string[];
  /** What the client said that it was refused. */
  readonly refused: readonly string[];
}

export interface ProcedureWithFaults {
  readonly outcome: string;
  /** What it was refused, as often as it parked. */
  readonly parked: readonly string[];
}

export class FaultWorld {
  readonly system: StackWithFaults;
  readonly #folder: string;
  readonly #streams: string[] = [];
  #glueRuns = 0;

  private constructor(system: StackWithFaults, folder: string) {
    this.system = system;
    this.#folder = folder;
  }

  /** @param spark scripts that run with Spark; a stand-in takes the place of the others. All when absent. */
  static async start(spark: readonly Script[] = SCRIPTS): Promise<FaultWorld> {
    const system = await StackWithFaults.start(spark);
    const world = new FaultWorld(system, await mkdtemp(join(tmpdir(), 'msp-faults-')));
    for (const [kind, content] of [
      ['songs', songsCsv()],
      ['users', usersCsv()],
    ] as const) {
      await writeFile(join(world.#folder, kind), content);
      await system.stack.deliver(`${kind}.csv`, content, kind);
    }
    return world;
  }

  async stop(): Promise<void> {
    await this.system.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  get stack(): PipelineStack {
    return this.system.stack;
  }

  /** Delivers some files of new plays of the same day. */
  async deliver(): Promise<void> {
    for (let file = 0; file < FILES_AT_ONCE; file += 1) {
      const name = `${this.#streams.length + 1}.csv`;
      const content = csv(plays(this.#streams.length + 1, PLAYS, [DAY]));
      const path = join(this.#folder, name);
      await writeFile(path, content);
      this.#streams.push(path);
      await this.stack.deliver(name, content);
    }
  }

  /** Asks all that a client asks, first without faults and then until every call has had its own. */
  async ask(faults: EveryFault): Promise<Answered> {
    const { endpoint } = this.system.worker;
    const addresses = { AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_GLUE: endpoint };
    const [file = ''] = this.#streams;
    const client = await AskingClient.start(
      { ...this.stack.running.environment.operator, ...addresses },
      { run: 'published', day: DAY, file },
    );
    const expected = new Map<string, Reply>();
    const [wrong, refused]: [string[], string[]] = [[], []];
    try {
      for (const question of client.questions) expected.set(question, await client.ask(question));
      this.system.worker.plan = faults.plan;
      do {
        for (const question of client.questions) {
          const reply = await client.ask(question);
          const refusal = refusalIn(reply, faults.refused);
          if (isDeepStrictEqual(reply, expected.get(question))) continue;
          if (refusal !== undefined) refused.push(refusal);
          else wrong.push(`${question}: ${JSON.stringify(reply).slice(0, SHOWN_CHARACTERS)}`);
          faults.letGo();
        }
      } while (faults.missing.length > 0);
      return { wrong, refused: refused.sort() };
    } finally {
      this.system.worker.plan = noFaults;
      await client.close();
    }
  }

  /** Puts something else in the place of an archived file and of a manifest; the bucket keeps what was there. */
  async damageKept(): Promise<void> {
    const [archived] = (await this.stack.keys(PREFIXES.archived)).filter((key) => key.endsWith('.csv'));
    if (archived === undefined) throw new Error('Nothing is archived');
    const { bucket } = this.stack.client.settings;
    for (const Key of [archived, layout.manifest('kpis', DAY)])
      await this.stack.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'not what it was' }));
  }

  /** What the table says otherwise than a second engine does. */
  async wrongItems(): Promise<string[]> {
    const [songs, users] = [join(this.#folder, 'songs'), join(this.#folder, 'users')];
    return differences(await trueItems({ streams: this.#streams, songs, users }), await this.stack.items());
  }

  /** Names of the jobs of which runs were started since the last time. */
  async newGlueRuns(): Promise<string[]> {
    const runs = await this.stack.glueRuns();
    const started = runs.slice(0, runs.length - this.#glueRuns);
    this.#glueRuns = runs.length;
    return started.sort();
  }

  /** Lets the jobs name scripts of another build, so that the next run has to correct them. */
  async outdateJobs(): Promise<void> {
    await this.#eachJob(async (glue, JobName) => {
      const { Job } = await glue.send(new GetJobCommand({ JobName }));
      const Command = { ...Job?.Command, ScriptLocation: 's3://somewhere/else.py' };
      const JobUpdate = { Role: Job?.Role, Command, DefaultArguments: Job?.DefaultArguments };
      await glue.send(new UpdateJobCommand({ JobName, JobUpdate }));
    });
  }

  /** The next run has to create the jobs again. Nobody of the pipeline may delete jobs, but for this moment. */
  async deleteJobs(): Promise<void> {
    const endpoint = this.stack.running.stack.endpoints.aws;
    const iam = new IAMClient({ region: 'eu-west-1', endpoint, credentials: ROOT_KEY });
    const policy = { UserName: 'msp-worker', PolicyName: 'delete-jobs' };
    const allowed = { Effect: 'Allow', Action: 'glue:DeleteJob', Resource: '*' };
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [allowed] });
    try {
      await iam.send(new PutUserPolicyCommand({ ...policy, PolicyDocument }));
      await this.#eachJob(async (glue, JobName) => {
        await glue.send(new DeleteJobCommand({ JobName }));
      });
      await iam.send(new DeleteUserPolicyCommand(policy));
    } finally {
      iam.destroy();
    }
  }

  async #eachJob(work: (glue: GlueClient, name: string) => Promise<void>): Promise<void> {
    const { worker } = this.stack.running.environment;
    const glue = new GlueClient({
      region: 'eu-west-1',
      endpoint: this.stack.running.stack.endpoints.glue,
      credentials: {
        accessKeyId: worker['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: worker['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
    });
    try {
      for (const job of ['validation', 'kpi_computation', 'dynamodb_load']) {
        await work(glue, `music_streaming_${job}`);
      }
    } finally {
      glue.destroy();
    }
  }

  /**
   * Runs the pipeline while calls have the plan's faults; whenever the run parks over a refused call, the call is let
   * through and the stage asked for again.
   * @param proxy that the calls pass; the worker's when absent
   * @throws Error when the run parks over anything else, or does not say of a refusal what it has to
   */
  async run(id: string, faults: EveryFault, proxy = this.system.worker): Promise<RunWithFaults> {
    proxy.plan = faults.plan;
    await this.stack.start(id);
    const handle = this.stack.client.temporal.client.workflow.getHandle(id);
    const over = new AbortController();
    const parked: string[] = [];
    const result = (handle.result() as Promise<PipelineResult>).finally(() => {
      over.abort();
    });
    try {
      const seeingTo = this.#seeTo(id, faults, parked, over.signal);
      const { outcome } = await within(`${id} ends`, Promise.race([result, seeingTo]), RUN_WITHIN_MS);
      return { outcome, parked };
    } finally {
      over.abort();
      proxy.plan = noFaults;
    }
  }

  /**
   * Carries out a procedure while calls have the plan's faults. Its plan is approved whenever it asks; a step that is
   * refused a call is asked for again once the call is let through.
   * @throws Error as {@link run}
   */
  async procedure(reference: ProcedureReference, faults: EveryFault): Promise<ProcedureWithFaults> {
    const { procedures } = this.stack.client;
    const deadline = Date.now() + RUN_WITHIN_MS;
    const parked: string[] = [];
    this.system.worker.plan = faults.plan;
    try {
      for (;;) {
        const { ended, status } = await this.#stateOf(reference);
        if (ended) break;
        if (status.parked !== null) {
          parked.push(checkedRefusal(status.parked.step, status.parked.failure, faults.refused));
          faults.letGo();
          await procedures.command('retryStep', reference, who);
        } else if (status.waiting !== null && status.plan !== null) {
          await procedures.command('approve', reference, { ...who, digest: status.plan.digest });
        }
        if (Date.now() > deadline)
          throw new Error(`${reference.id} has not ended: ${JSON.stringify(status)}`);
        await setTimeout(LOOK_MS);
      }
      const end = await procedures.result(reference);
      return { outcome: end.ended === 'completed' ? end.result.outcome : end.message, parked };
    } finally {
      this.system.worker.plan = noFaults;
    }
  }

  /** Shuts everything down while calls have the plan's faults. */
  async shutDown(faults: EveryFault): Promise<ShutdownEnd> {
    const { shutdowns } = this.stack.client;
    this.system.worker.plan = faults.plan;
    try {
      const end = shutdowns.result(await shutdowns.start({ by: 'ada', reason: 'drill' }));
      return await within('the shutdown ends', end, RUN_WITHIN_MS);
    } finally {
      this.system.worker.plan = noFaults;
    }
  }

  async #stateOf(reference: ProcedureReference): Promise<{ ended: boolean; status: ProcedureStatus }> {
    const { client } = this.stack.client.temporal;
    const described = await client.workflow.getHandle(reference.workflowId, reference.runId).describe();
    const status = await this.stack.client.procedures.status(reference);
    return { ended: described.status.name !== 'RUNNING', status };
  }

  async #seeTo(id: string, faults: EveryFault, parked: string[], over: AbortSignal): Promise<never> {
    const handle = this.stack.client.temporal.client.workflow.getHandle(id);
    while (!over.aborted) {
      const state = await this.stack.status(id);
      if (state.parked !== null) {
        parked.push(checkedRefusal(state.parked.stage, state.parked.failure, faults.refused));
        faults.letGo();
        await handle.executeUpdate(updates.retryStage, { args: [who] });
      }
      await setTimeout(LOOK_MS);
    }
    return await Promise.race([]);
  }
}

/** What was refused, if the client says of it what it has to. */
function refusalIn({ error }: Reply, refused: Refusal | undefined): string | undefined {
  if (error?.code !== 'NotAllowed' || refused === undefined) return undefined;
  const { operation, fault } = refused;
  const names = fault === 'denied' ? rightOf(operation) : 'expired';
  return error.message.includes(names) ? `${operation}: ${fault}` : undefined;
}

/** @param place the stage or step that is parked */
function checkedRefusal(
  place: string,
  { type, message, advice }: Failure,
  refused: Refusal | undefined,
): string {
  const said = `parked in ${place}: ${type}: ${message} ${advice}`;
  if (refused === undefined) throw new Error(`Nothing was refused, and yet: ${said}`);
  const { operation, fault } = refused;
  const names = fault === 'denied' ? rightOf(operation) : 'expired';
  if (type !== TYPES[fault] || !message.includes(names))
    throw new Error(`${operation} was refused (${fault}), but: ${said}`);
  return `${operation}: ${fault}`;
}
