/** Procedures on published data: what is damaged is restored or made again, days are processed anew, and that undone. */
import { layout } from '../../../pipeline/layout.ts';
import type { ProcedureResult } from '../../../workflows/procedures/procedure.ts';
import { carriedOut, published, publishedDay, WHO } from '../subject.ts';
import type { Subject } from '../subject.ts';
import type { CrashWorld, DeliveredFile } from '../world.ts';

abstract class OnPublishedDay {
  protected readonly world: CrashWorld;
  #day: DeliveredFile | undefined;

  constructor(world: CrashWorld) {
    this.world = world;
  }

  /** One day for all cases, so that the damage of each is of what the last one made. */
  protected async day(): Promise<DeliveredFile> {
    this.#day ??= await publishedDay(this.world);
    return this.#day;
  }

  /** A file that the day's manifest lists. */
  protected async listed(kind: 'plays' | 'kpis'): Promise<string> {
    const { day } = await this.day();
    const [file] = await this.world.listedFiles(kind, day);
    if (file === undefined) throw new Error(`The ${kind} manifest of ${day} lists nothing`);
    return file.key;
  }

  protected async archived(): Promise<string> {
    const file = await this.day();
    const record = await this.world.recordOf(file);
    if (record?.archivedAs === undefined) throw new Error(`${file.name} is not archived`);
    return record.archivedAs;
  }

  protected async recovered(): Promise<void> {
    const { procedures } = this.world.stack.client;
    const request = { ...WHO, find: true } as const;
    requireOutcome(
      await carriedOut(this.world, await procedures.recoverData(request)),
      /all numbers are as before/,
    );
  }
}

function requireOutcome({ status, incomplete, outcome, report }: ProcedureResult, expected: RegExp): void {
  if (status === 'Completed' && !incomplete && report !== null && expected.test(outcome)) return;
  throw new Error(`The procedure ended ${status}: ${outcome}`);
}

/** What has good versions or copies: an archived file, a KPI file, a manifest, a record. */
export class Restored extends OnPublishedDay implements Subject {
  async prepare(): Promise<void> {
    const { day } = await this.day();
    await this.world.damage(await this.archived());
    await this.world.damage(await this.listed('kpis'));
    await this.world.remove(layout.manifest('plays', day));
    await this.world.damage(layout.manifest('kpis', day));
  }

  async act(): Promise<void> {
    await this.recovered();
  }
}

/** What has none: accepted plays of which every version is gone, and items of the table. */
export class MadeAgain extends OnPublishedDay implements Subject {
  async prepare(): Promise<void> {
    const { day } = await this.day();
    await this.world.destroy(await this.listed('plays'));
    await this.world.damage(await this.archived());
    await this.world.stack.changeItem(`daily_listen_count#${day}#all`, 1);
  }

  async act(): Promise<void> {
    this.world.expectPublished(await this.day());
    await this.recovered();
  }
}

/** Going back from an edition with a late file to the one without it. The way forward again is not disturbed. */
export class WentBack extends OnPublishedDay implements Subject {
  #late: DeliveredFile | undefined;
  #editions = { without: 0, with: 0 };

  async prepare(): Promise<void> {
    const { day } = await this.day();
    if (this.#late !== undefined) {
      await this.#go(day, this.#editions.with);
      this.world.expect(this.#late, 'archived');
      return;
    }
    const late = await this.world.deliver({ day });
    await this.world.stack.start(`late-${day}`, { inputs: [late.name] });
    await published(this.world, `late-${day}`, late);
    const edition = this.world.editions.get(day) ?? 0;
    this.#editions = { without: edition - 1, with: edition };
    this.#late = late;
  }

  async act(): Promise<void> {
    const { day } = await this.day();
    await this.#go(day, this.#editions.without);
    if (this.#late !== undefined) this.world.expect(this.#late, 'refused');
  }

  async #go(day: string, edition: number): Promise<void> {
    const { procedures } = this.world.stack.client;
    const reference = await procedures.recoverData({ ...WHO, rollback: { day, edition } });
    // One for the plays that are put back, one for the KPIs that a run computes from them.
    this.world.expectEdition(day);
    this.world.expectEdition(day);
    requireOutcome(await carriedOut(this.world, reference), /all numbers are as before/);
  }
}

/** A published day that is processed anew from its archived input. */
export class DayReset extends OnPublishedDay implements Subject {
  async prepare(): Promise<void> {
    await this.day();
  }

  async act(): Promise<void> {
    const file = await this.day();
    this.world.expectPublished(file);
    const { procedures } = this.world.stack.client;
    const request = { ...WHO, dates: [file.day] };
    requireOutcome(await carriedOut(this.world, await procedures.reset(request)), /^reset; 1 run completed$/);
  }
}

/** The undoing of a reset upon which nothing has been built: the input is not delivered again after all. */
export class ResetUndone extends OnPublishedDay implements Subject {
  #reset = '';

  async prepare(): Promise<void> {
    const file = await this.day();
    const { procedures } = this.world.stack.client;
    const reference = await procedures.reset({ ...WHO, dates: [file.day], restart: false });
    requireOutcome(await carriedOut(this.world, reference), /^reset/);
    this.#reset = reference.id;
  }

  async act(): Promise<void> {
    const { procedures } = this.world.stack.client;
    const request = { ...WHO, undo: this.#reset };
    requireOutcome(await carriedOut(this.world, await procedures.reset(request)), /^reset/);
  }
}
