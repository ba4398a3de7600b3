/**
 * Plays many sequences at once: a run each, on a few workers that they share, so that a restart meets all who are on
 * the same one and has their histories replayed. In the end every history is replayed once more, from its beginning.
 */
import { inspect } from 'node:util';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import pLimit from 'p-limit';
import { beatForActivities } from '../../worker/heartbeats.ts';
import type { WorkerActivities } from '../../worker/worker.ts';
import { startDevServer } from '../support/temporal/dev-server.ts';
import { workflowBundle } from '../support/temporal/workflow-bundle.ts';
import { within } from '../support/until.ts';
import { checkEnded } from './ended.ts';
import type { Histories } from './ended.ts';
import { Operator } from './operator.ts';
import type { Lane } from './operator.ts';
import { sequenceOf } from './steps.ts';
import { activitiesOf, World } from './world.ts';

/** A restart meets a quarter of the runs. */
const WORKERS = 4;

/** Runs on one worker at once: most of them wait, and two cores are busy with four workers' share of them. */
const AT_ONCE = 8;

/**
 * A sequence takes some ten seconds, a minute more when its last Glue start fails twice. A run whose steps fail over and
 * over answers no message, and whoever has sent it one waits for ever.
 */
const ENDS_WITHIN_MS = 150_000;

export interface Played {
  readonly seed: number;
  /** Promises that were broken, in the words of the tests. */
  readonly broken: readonly string[];
  readonly messages: number;
  readonly glueRuns: number;
  readonly events: number;
}

interface Ended extends Played {
  readonly broken: string[];
  readonly histories: Histories;
}

export async function play(seeds: readonly number[]): Promise<Played[]> {
  const env = await startDevServer();
  const worlds = new Map<string, World>();
  const lanes: WorkerLane[] = [];
  try {
    for (let at = 0; at < WORKERS; at += 1) {
      lanes.push(await WorkerLane.start(env, `lane-${at}`, activitiesOf(worlds)));
    }
    const limits = lanes.map(() => pLimit(AT_ONCE));
    const played = await Promise.all(
      seeds.map(async (seed, at) => {
        const lane = lanes[at % lanes.length];
        const limit = limits[at % limits.length];
        if (lane === undefined || limit === undefined) throw new Error('There is no lane');
        return await limit(() => playOne(seed, lane, worlds));
      }),
    );
    await replay(played);
    return played;
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
    await env.teardown();
  }
}

async function playOne(seed: number, lane: Lane, worlds: Map<string, World>): Promise<Ended> {
  const sequence = sequenceOf(seed);
  const world = new World(sequence);
  const workflowId = workflowIdOf(seed);
  worlds.set(workflowId, world);
  const operator = new Operator(lane, world, workflowId);
  let histories: Histories = [];
  try {
    const ended = operator.play(sequence).then(async () => {
      operator.doing = 'being looked at';
      return await checkEnded(lane.client, workflowId, world, operator);
    });
    histories = await within(`sequence ${seed}`, ended, ENDS_WITHIN_MS);
  } catch (error) {
    world.breaks(`the sequence could not be played (${operator.doing}): ${inspect(error).slice(0, 800)}`);
  } finally {
    await lane.client.workflow
      .getHandle(workflowId)
      .terminate('played')
      .catch(() => undefined);
  }
  const { broken, glue } = world;
  const events = histories.reduce((sum, history) => sum + (history.events?.length ?? 0), 0);
  return { seed, broken, messages: operator.sent.length, glueRuns: glue.runs.length, events, histories };
}

async function replay(all: readonly Ended[]): Promise<void> {
  const given = all.flatMap(({ seed, histories }) =>
    histories.map((history) => ({ workflowId: workflowIdOf(seed), history })),
  );
  const results = Worker.runReplayHistories({ workflowBundle: await workflowBundle() }, given);
  for await (const { workflowId, error } of results) {
    if (error === undefined) continue;
    const ended = all.find(({ seed }) => workflowIdOf(seed) === workflowId);
    ended?.broken.push(`a history does not replay: ${error.message}`);
  }
}

/** Workflows see their id, so a replay needs the same one. */
function workflowIdOf(seed: number): string {
  return `sequence-${seed}`;
}

/** A task queue with one worker, which can be replaced. */
class WorkerLane implements Lane {
  readonly taskQueue: string;
  readonly #env: TestWorkflowEnvironment;
  readonly #activities: WorkerActivities;
  #worker: Worker | undefined;
  #running: Promise<void> = Promise.resolve();
  #restarts: Promise<void> = Promise.resolve();

  private constructor(env: TestWorkflowEnvironment, taskQueue: string, activities: WorkerActivities) {
    this.#env = env;
    this.taskQueue = taskQueue;
    this.#activities = activities;
  }

  static async start(
    env: TestWorkflowEnvironment,
    taskQueue: string,
    activities: WorkerActivities,
  ): Promise<WorkerLane> {
    const lane = new WorkerLane(env, taskQueue, activities);
    await lane.#start();
    return lane;
  }

  get client(): Lane['client'] {
    return this.#env.client;
  }

  async restart(): Promise<void> {
    this.#restarts = this.#restarts.then(async () => {
      await this.#end();
      await this.#start();
    });
    await this.#restarts;
  }

  async stop(): Promise<void> {
    await this.#restarts;
    await this.#end();
  }

  async #start(): Promise<void> {
    this.#worker = await Worker.create({
      connection: this.#env.nativeConnection,
      namespace: this.#env.namespace ?? 'default',
      taskQueue: this.taskQueue,
      activities: this.#activities,
      workflowBundle: await workflowBundle(),
      interceptors: { activity: [beatForActivities] },
    });
    this.#running = this.#worker.run();
  }

  async #end(): Promise<void> {
    this.#worker?.shutdown();
    await this.#running;
  }
}
