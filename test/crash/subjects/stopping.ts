/**
 * The emergency shutdown and its undoing, and the reset of claims, while a run is in its Glue job and another was
 * terminated in its own. The Glue runs are scripted to go on until they are stopped, so that a case needs no Spark.
 */
import { ownerOfToken } from '../../../pipeline/glue-run.ts';
import type { ProcedureResult } from '../../../workflows/procedures/procedure.ts';
import type { ShutdownResult } from '../../../workflows/emergency-shutdown/messages.ts';
import { carriedOut, published, resultOf, WHO } from '../subject.ts';
import type { Subject } from '../subject.ts';
import type { CrashWorld, DeliveredFile } from '../world.ts';

/** Two runs in Glue: one that is watched, one that was terminated. */
class Siege {
  readonly #world: CrashWorld;
  readonly watched: string;
  #files: { readonly watched: DeliveredFile; readonly left: DeliveredFile } | undefined;
  #left = 0;

  constructor(world: CrashWorld, name: string) {
    this.#world = world;
    this.watched = `${name}-watched`;
  }

  async begin(): Promise<void> {
    const world = this.#world;
    await world.holdGlue();
    this.#files ??= { watched: await world.deliver(), left: await world.deliver() };
    const { client } = world.stack;
    for (const { id, paused } of await client.schedules.list()) {
      if (paused) await client.schedules.resume(id, 'drill');
    }
    if (!world.open.has(this.watched)) {
      await world.stack.start(this.watched, { inputs: [this.#files.watched.name] });
      world.open.add(this.watched);
      world.claimants.delete(this.watched);
    }
    this.#left += 1;
    const left = this.#terminated;
    await world.stack.start(left, { inputs: [this.#files.left.name] });
    await world.glueWorksFor(this.watched);
    await world.glueWorksFor(left);
    await client.temporal.client.workflow.getHandle(left).terminate('drill');
    world.claimants.add(left);
  }

  /** The run is resumed by the undoing of a shutdown. */
  async resumed(): Promise<void> {
    this.#world.open.add(this.watched);
    this.#world.claimants.delete(this.watched);
    await this.#world.glueWorksFor(this.watched);
  }

  /** Every run has been stopped, keeping its claims. @throws Error when the watched one was not */
  async stopped(): Promise<void> {
    const world = this.#world;
    const { status } = await world.status(this.watched);
    if (status !== 'Stopped') throw new Error(`${this.watched} is ${status}`);
    for (const id of world.open) world.claimants.add(id);
    world.open.clear();
  }

  /** Glue runs of the run terminated last that somebody stopped; none when Glue was killed before and lost them. */
  async stoppedOrphans(): Promise<string[]> {
    const runs = await this.#world.glueRuns();
    return runs
      .filter(
        ({ state, token }) => state === 'STOPPED' && ownerOfToken(token)?.workflowId === this.#terminated,
      )
      .map(({ id }) => id);
  }

  get #terminated(): string {
    return `${this.watched}-left-${this.#left}`;
  }

  get filesOfBoth(): readonly DeliveredFile[] {
    return this.#files === undefined ? [] : [this.#files.watched, this.#files.left];
  }

  /** What the claims of the terminated run held, an ordinary run takes. */
  async take(file: DeliveredFile | undefined): Promise<void> {
    if (file === undefined) return;
    const id = `after-${this.watched}-${file.day}`;
    await this.#world.stack.start(id, { inputs: [file.name] });
    await published(this.#world, id, file);
  }
}

async function shutDown(world: CrashWorld, siege: Siege): Promise<string> {
  const { shutdowns, schedules } = world.stack.client;
  const stoppedBefore = await siege.stoppedOrphans();
  const { shutdown, workflowId, runId } = await shutdowns.start(WHO);
  const { report, runs, glueRuns } = await resultOf<ShutdownResult>(world, workflowId, runId);
  if (report === null) throw new Error(`Shutdown ${shutdown} left no report`);
  // What its plan does not name is not brought back.
  const named = runs.map((run) => run.workflowId).join(', ');
  if (named !== siege.watched) throw new Error(`Shutdown ${shutdown} names the runs ${named || 'none'}`);
  const orphans = glueRuns.flatMap(({ orphan, jobRunId }) => (orphan ? [jobRunId] : []));
  const unnamed = (await siege.stoppedOrphans()).filter(
    (id) => !orphans.includes(id) && !stoppedBefore.includes(id),
  );
  if (unnamed.length > 0) throw new Error(`Shutdown ${shutdown} does not name ${unnamed.join(', ')}`);
  await siege.stopped();
  const running = (await schedules.list()).filter(({ paused }) => !paused);
  if (running.length > 0) throw new Error(`${running.map(({ id }) => id).join(', ')} not paused`);
  return shutdown;
}

async function undo(world: CrashWorld, siege: Siege, shutdown: string): Promise<void> {
  const { procedures, schedules } = world.stack.client;
  const ended = await carriedOut(world, await procedures.undoShutdown({ ...WHO, shutdown }));
  requireWhole(ended);
  if (!ended.outcome.includes(`run ${siege.watched}`)) throw new Error(`The undoing: ${ended.outcome}`);
  const paused = (await schedules.list()).filter((schedule) => schedule.paused);
  if (paused.length > 0) throw new Error(`${paused.map(({ id }) => id).join(', ')} still paused`);
  await siege.resumed();
}

function requireWhole({ status, incomplete, outcome, report }: ProcedureResult): void {
  if (status === 'Completed' && !incomplete && report !== null) return;
  throw new Error(`The procedure ended ${status}: ${outcome}`);
}

/** Everything comes to its end: the interrupted run where it was resumed, the other one's file in a run of its own. */
async function finish(world: CrashWorld, siege: Siege, shutdown: string): Promise<void> {
  const [watched, left] = siege.filesOfBoth;
  await world.releaseGlue();
  const { procedures } = world.stack.client;
  await carriedOut(world, await procedures.undoShutdown({ ...WHO, shutdown }));
  if (watched !== undefined) await published(world, siege.watched, watched);
  await siege.take(left);
}

export class Shutdown implements Subject {
  readonly #world: CrashWorld;
  readonly #siege: Siege;
  #shutdown: string | undefined;

  constructor(world: CrashWorld) {
    this.#world = world;
    this.#siege = new Siege(world, 'shutdown');
  }

  async prepare(): Promise<void> {
    if (this.#shutdown !== undefined) await undo(this.#world, this.#siege, this.#shutdown);
    await this.#siege.begin();
  }

  async act(): Promise<void> {
    this.#shutdown = await shutDown(this.#world, this.#siege);
  }

  async finish(): Promise<void> {
    if (this.#shutdown !== undefined) await finish(this.#world, this.#siege, this.#shutdown);
  }
}

export class ShutdownUndone implements Subject {
  readonly #world: CrashWorld;
  readonly #siege: Siege;
  #shutdown = '';

  constructor(world: CrashWorld) {
    this.#world = world;
    this.#siege = new Siege(world, 'undo');
  }

  async prepare(): Promise<void> {
    await this.#siege.begin();
    this.#shutdown = await shutDown(this.#world, this.#siege);
  }

  async act(): Promise<void> {
    await undo(this.#world, this.#siege, this.#shutdown);
  }

  async finish(): Promise<void> {
    await finish(this.#world, this.#siege, await shutDown(this.#world, this.#siege));
  }
}

/** A reset that frees the claims of both runs. */
export class ClaimsReset implements Subject {
  readonly #world: CrashWorld;
  readonly #siege: Siege;

  constructor(world: CrashWorld) {
    this.#world = world;
    this.#siege = new Siege(world, 'reset');
  }

  async prepare(): Promise<void> {
    await this.#siege.begin();
  }

  async act(): Promise<void> {
    const world = this.#world;
    const { procedures, schedules } = world.stack.client;
    const request = { ...WHO, claims: true, restart: false } as const;
    requireWhole(await carriedOut(world, await procedures.reset(request)));
    await this.#siege.stopped();
    // Nobody keeps a claim after it.
    world.claimants.clear();
    const paused = (await schedules.list()).filter((schedule) => schedule.paused);
    if (paused.length > 0) throw new Error(`${paused.map(({ id }) => id).join(', ')} still paused`);
  }

  async finish(): Promise<void> {
    await this.#world.releaseGlue();
    for (const file of this.#siege.filesOfBoth) await this.#siege.take(file);
  }
}
