/**
 * Plays many sequences at once: a run each, on a few workers that they share, so that a restart meets all who are on
 * the same one. One of the servers asks for a new history early, and half of the workers keep no workflow in memory, so
 * that every task replays the history from its beginning.
 */
import { inspect } from 'node:util';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import pLimit from 'p-limit';
import { beatForActivities } from '../../worker/heartbeats.ts';
import type { WorkerActivities } from '../../worker/worker.ts';
import { startDevServer } from '../support/dev-server.ts';
import { workflowBundle } from '../support/pipeline-worker.ts';
import { checkEnded } from './ended.ts';
import { Operator } from './operator.ts';
import type { Lane } from './operator.ts';
import { sequenceOf } from './steps.ts';
import { activitiesOf, World } from './world.ts';

/** Two or three times in a run with an operator. */
const FEW_EVENTS = 100;

/** Runs on one worker at once: most of them wait, and two cores are busy with four workers' share of them. */
const AT_ONCE = 8;

export interface Played {
  readonly seed: number;
  /** Promises that were broken, in the words of the tests. */
  readonly broken: readonly string[];
  readonly messages: number;
  readonly glueRuns: number;
  readonly events: number;
}

/** @param onPlayed told of each sequence as soon as it is over */
export async function play(
  seeds: readonly number[],
  onPlayed: (played: Played) => void = () => undefined,
): Promise<Played[]> {
  const servers = await Promise.all([
    startDevServer(),
    startDevServer({ eventsBeforeContinueAsNew: FEW_EVENTS }),
  ]);
  const worlds = new Map<string, World>();
  const lanes: WorkerLane[] = [];
  try {
    for (const [at, env] of servers.entries()) {
      for (const cached of (process.env.CACHES ?? '200,2').split(',').map(Number)) {
        lanes.push(
          await WorkerLane.start(env, `lane-${String(at)}-${String(cached)}`, cached, activitiesOf(worlds)),
        );
      }
    }
    const limits = lanes.map(() => pLimit(AT_ONCE));
    return await Promise.all(
      seeds.map(async (seed, at) => {
        const lane = lanes[at % lanes.length];
        const limit = limits[at % limits.length];
        if (lane === undefined || limit === undefined) throw new Error('There is no lane');
        const played = await limit(() => playOne(seed, lane, worlds));
        onPlayed(played);
        return played;
      }),
    );
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
    await Promise.all(servers.map((env) => env.teardown()));
  }
}

async function playOne(seed: number, lane: Lane, worlds: Map<string, World>): Promise<Played> {
  const sequence = sequenceOf(seed);
  const world = new World(sequence);
  const workflowId = `sequence-${String(seed)}`;
  worlds.set(workflowId, world);
  const operator = new Operator(lane, world, workflowId);
  let events = 0;
  try {
    await operator.play(sequence);
    events = await checkEnded(lane.client, workflowId, world, operator);
  } catch (error) {
    world.breaks(`the sequence could not be played: ${inspect(error).slice(0, 800)}`);
  } finally {
    await lane.client.workflow
      .getHandle(workflowId)
      .terminate('played')
      .catch(() => undefined);
  }
  const { broken, glue } = world;
  return { seed, broken, messages: operator.sent.length, glueRuns: glue.runs.length, events };
}

/** A task queue with one worker, which can be replaced. */
class WorkerLane implements Lane {
  readonly taskQueue: string;
  readonly #env: TestWorkflowEnvironment;
  readonly #cached: number;
  readonly #activities: WorkerActivities;
  #worker: Worker | undefined;
  #running: Promise<void> = Promise.resolve();
  #restarts: Promise<void> = Promise.resolve();

  private constructor(
    env: TestWorkflowEnvironment,
    taskQueue: string,
    cached: number,
    activities: WorkerActivities,
  ) {
    this.#env = env;
    this.taskQueue = taskQueue;
    this.#cached = cached;
    this.#activities = activities;
  }

  static async start(
    env: TestWorkflowEnvironment,
    taskQueue: string,
    cached: number,
    activities: WorkerActivities,
  ): Promise<WorkerLane> {
    const lane = new WorkerLane(env, taskQueue, cached, activities);
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
      maxCachedWorkflows: this.#cached,
      debugMode: true,
    });
    this.#running = this.#worker.run();
  }

  async #end(): Promise<void> {
    this.#worker?.shutdown();
    await this.#running;
  }
}
