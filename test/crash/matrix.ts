/**
 * The crash matrix: each subject done once undisturbed, to see where something can be killed, and then once for each
 * such point. After each, every promise of the pipeline is looked at.
 */
import type { JournalEntry } from '../support/stack/crashing-workers.ts';
import { pointsOf } from './points.ts';
import type { CrashPoint } from './points.ts';
import { brokenPromises } from './promises.ts';
import type { Subject, SubjectKind } from './subject.ts';
import type { CrashWorld } from './world.ts';

export interface Verdict {
  /** `unreached`: a point was not come to this time, so nothing was killed there. */
  readonly verdict: 'kept' | 'broken' | 'unreached';
  readonly wrong: readonly string[];
  /** How everything stood when a promise could not even be looked at. */
  readonly standing: readonly string[];
  readonly unreached: readonly string[];
  readonly seconds: number;
}

export class Matrix {
  readonly #world: CrashWorld;
  readonly #subject: Subject;
  readonly #kind: SubjectKind;

  private constructor(world: CrashWorld, kind: SubjectKind) {
    this.#world = world;
    this.#kind = kind;
    this.#subject = kind.make(world);
  }

  /** A matrix of one subject, in a world that may have had others. */
  static of(world: CrashWorld, kind: SubjectKind): Matrix {
    return new Matrix(world, kind);
  }

  /**
   * Does the subject undisturbed.
   * @returns where something can be killed
   * @throws Error when a promise is broken with nothing killed
   */
  async record(): Promise<CrashPoint[]> {
    const { workers } = this.#world;
    await workers.journal();
    await this.#subject.prepare();
    const before = new Set((await workers.journal()).map(({ site }) => site));
    await this.#subject.act();
    const wrong = await brokenPromises(this.#world);
    if (wrong.length > 0) throw new Error(`Undisturbed, ${wrong.join('; ')}`);
    return pointsOf((await workers.journal()).filter((entry) => this.#isOwn(entry, before)));
  }

  #isOwn({ site }: JournalEntry, before: ReadonlySet<string>): boolean {
    return this.#kind.sites?.test(site) ?? !before.has(site);
  }

  /**
   * Does the subject with kills at these points.
   * @param points their names; one, where what follows from it alone is to be seen
   */
  async try(...points: readonly string[]): Promise<Verdict> {
    const { workers } = this.#world;
    const began = Date.now();
    const wrong: string[] = [];
    const standing: string[] = [];
    let unreached: readonly string[] = [];
    try {
      await this.#subject.prepare();
      await workers.arm(points);
      await this.#subject.act();
      unreached = await workers.armed();
      await workers.disarm();
      wrong.push(...(await brokenPromises(this.#world)));
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error));
      standing.push(...(await this.#world.standing()));
    }
    const seconds = (Date.now() - began) / 1000;
    const verdict = wrong.length > 0 ? 'broken' : unreached.length > 0 ? 'unreached' : 'kept';
    return { verdict, wrong, standing, unreached, seconds };
  }

  /** Brings what the cases kept from ending to its end. @returns broken promises */
  async finish(): Promise<string[]> {
    await this.#subject.finish?.();
    return await brokenPromises(this.#world);
  }
}
