/** Runs of the pipeline: one with all that it can have to do, one that comes after a terminated one, one that is refused. */
import { layout } from '../../../pipeline/layout.ts';
import type { PipelineResult } from '../../../workflows/pipeline/workflow.ts';
import { until } from '../../support/until.ts';
import { published, resultOf, WHO } from '../subject.ts';
import type { Subject } from '../subject.ts';
import type { CrashWorld, DeliveredFile } from '../world.ts';

/** A gate is reached after one Spark job, a killed worker's heartbeat timeout and a new worker's start. */
const HELD_WITHIN_MS = 180_000;

/** From files to KPIs, on ground that has to be made first. */
export class OrdinaryRun implements Subject {
  readonly #world: CrashWorld;
  #file: DeliveredFile | undefined;

  constructor(world: CrashWorld) {
    this.#world = world;
  }

  async prepare(): Promise<void> {
    const world = this.#world;
    await world.newReference();
    for (const key of ['quarantine/', 'temporary/', ...(await world.stack.keys('scripts/'))]) {
      await world.remove(key);
    }
    this.#file = await world.deliver();
  }

  async act(): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new Error('Nothing was delivered');
    const id = `run-${file.day}`;
    await this.#world.stack.start(id, { inputs: [file.name] });
    await published(this.#world, id, file);
  }
}

/** A run that finds another's file, claims and Glue run left behind: that one was terminated while Glue worked. */
export class RunAfterTerminated implements Subject {
  readonly #world: CrashWorld;
  #file: DeliveredFile | undefined;
  #runs = 0;

  constructor(world: CrashWorld) {
    this.#world = world;
  }

  async prepare(): Promise<void> {
    const world = this.#world;
    await world.holdGlue();
    this.#file ??= await world.deliver();
    const last = this.#id;
    if (this.#runs === 0) await this.#start(this.#file);
    await world.stack.client.temporal.client.workflow.getHandle(last).terminate('drill');
    world.open.delete(last);
  }

  async act(): Promise<void> {
    if (this.#file === undefined) throw new Error('Nothing was delivered');
    this.#runs += 1;
    await this.#start(this.#file);
  }

  async #start(file: DeliveredFile): Promise<void> {
    const world = this.#world;
    await world.stack.start(this.#id, { inputs: [file.name] });
    world.open.add(this.#id);
    await world.glueWorksFor(this.#id);
  }

  get #id(): string {
    return `after-terminated-${String(this.#runs)}`;
  }

  async finish(): Promise<void> {
    const world = this.#world;
    if (this.#file === undefined) return;
    await world.stack.client.temporal.client.workflow.getHandle(this.#id).terminate('drill');
    world.open.delete(this.#id);
    await world.releaseGlue();
    const id = 'after-all-terminated';
    await world.stack.start(id, { inputs: [this.#file.name] });
    await published(world, id, this.#file);
  }
}

/** A run whose input an operator refuses at the gate. */
export class RefusedRun implements Subject {
  readonly #world: CrashWorld;
  #file: DeliveredFile | undefined;

  constructor(world: CrashWorld) {
    this.#world = world;
  }

  async prepare(): Promise<void> {
    this.#file = await this.#world.deliver(60);
  }

  async act(): Promise<void> {
    const world = this.#world;
    const file = this.#file;
    if (file === undefined) throw new Error('Nothing was delivered');
    const id = `refused-${file.day}`;
    const { runs } = world.stack.client;
    await world.stack.start(id, { inputs: [file.name] });
    await until(
      `${id} is held`,
      async () =>
        (await world.stack.status(id).catch(() => undefined))?.status === 'Held' ? true : undefined,
      HELD_WITHIN_MS,
    );
    await until(`${id} is refused`, async () => {
      const seen = await world.stack.status(id).catch(() => undefined);
      if (seen !== undefined && seen.status !== 'Held') return true;
      await runs.command('reject', await runs.find(id), WHO).catch(() => undefined);
      return undefined;
    });
    const { outcome, run } = await resultOf<PipelineResult>(world, id);
    if (outcome !== 'rejected') throw new Error(`${id} ended ${outcome}`);
    world.expect(file, 'quarantined');
    if ((await world.bytes(layout.quarantined(run, 'reason.json'))) === undefined) {
      throw new Error(`${id} left no reason`);
    }
  }
}
