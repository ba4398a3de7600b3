/** Runs of the pipeline: one with all that it can have to do, ones that come after a terminated one, one that is refused. */
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

/** What comes after a run that was terminated while Glue worked: its file, claims and Glue run are left behind. */
abstract class AfterTerminated implements Subject {
  protected readonly world: CrashWorld;
  readonly #name: string;
  #file: DeliveredFile | undefined;
  /** The run that is open, which the next case terminates. */
  #open: string | undefined;

  constructor(world: CrashWorld, name: string) {
    this.world = world;
    this.#name = name;
  }

  /** @returns the workflow id of what has the file from now on */
  protected abstract goOn(terminated: string, file: DeliveredFile): Promise<string>;

  async prepare(): Promise<void> {
    const { world } = this;
    await world.holdGlue();
    this.#file ??= await world.deliver();
    if (this.#open === undefined) {
      await world.stack.start(this.#name, { inputs: [this.#file.name] });
      await this.#works(this.#name);
    }
    await this.#terminate();
  }

  async act(): Promise<void> {
    if (this.#file === undefined || this.#open === undefined) throw new Error('Nothing was terminated');
    await this.#works(await this.goOn(this.#open, this.#file));
  }

  async #works(id: string): Promise<void> {
    this.#open = id;
    this.world.open.add(id);
    await this.world.glueWorksFor(id);
  }

  async #terminate(): Promise<void> {
    const id = this.#open ?? this.#name;
    await this.world.stack.client.temporal.client.workflow.getHandle(id).terminate('drill');
    this.world.open.delete(id);
  }

  async finish(): Promise<void> {
    const { world } = this;
    if (this.#file === undefined) return;
    await this.#terminate();
    await world.releaseGlue();
    const id = `after-all-${this.#name}`;
    await world.stack.start(id, { inputs: [this.#file.name] });
    await published(world, id, this.#file);
  }
}

/** Another run finds them. */
export class RunAfterTerminated extends AfterTerminated {
  #runs = 0;

  constructor(world: CrashWorld) {
    super(world, 'terminated');
  }

  protected async goOn(_terminated: string, file: DeliveredFile): Promise<string> {
    this.#runs += 1;
    const id = `after-terminated-${this.#runs}`;
    await this.world.stack.start(id, { inputs: [file.name] });
    return id;
  }
}

/** It goes on itself, in another execution. */
export class RunResumed extends AfterTerminated {
  constructor(world: CrashWorld) {
    super(world, 'resumed');
  }

  protected async goOn(terminated: string): Promise<string> {
    const { runs, recovery } = this.world.stack.client;
    await recovery.resume(await runs.find(terminated), { reason: WHO.reason });
    return terminated;
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
    this.#file = await this.#world.deliver({ rejected: 60 });
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
      async () => (await world.stack.status(id).catch(() => undefined))?.status === 'Held',
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
    world.expect(file, 'refused');
    if ((await world.bytes(layout.quarantined(run, 'reason.json'))) === undefined) {
      throw new Error(`${id} left no reason`);
    }
  }
}
