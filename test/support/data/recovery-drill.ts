/** A published world, and a recovery of its data by its activities alone, without a workflow. */
import { createRecoveryActivities } from '../../../activities/recovery/activities.ts';
import { layout } from '../../../pipeline/layout.ts';
import type { RecoveryActivities, Verified } from '../../../pipeline/procedures/activity-types.ts';
import type { PlanSummary } from '../../../pipeline/procedures/plan.ts';
import { recoveryPlanSchema } from '../../../pipeline/recovery/plan.ts';
import type { RecoveryPlan } from '../../../pipeline/recovery/plan.ts';
import { recoveryRequestSchema } from '../../../pipeline/recovery/request.ts';
import type { ParsedRecoveryRequest, RecoveryRequest } from '../../../pipeline/recovery/request.ts';
import { NOW, PublishedWorld } from './published-world.ts';

type Asked = Partial<RecoveryRequest>;

const requestOf = (given: Asked): ParsedRecoveryRequest =>
  recoveryRequestSchema.parse({ by: 'ada', reason: 'drill', ...given });

export class RecoveryDrill {
  readonly world: PublishedWorld;
  readonly activities: RecoveryActivities;
  /** Runs that are at work; all others have ended. */
  open: readonly string[] = [];
  /** What runs do while the look first asks for them. */
  meanwhile: { [asked in 'openRuns' | 'closedRuns']?: () => Promise<void> } = {};

  private constructor(world: PublishedWorld) {
    this.world = world;
    this.activities = createRecoveryActivities({
      systems: world.worker,
      runs: {
        closedRuns: async (owners) => {
          const open = await this.#asked('closedRuns');
          return owners.map(({ run }) => run).filter((run) => !open.includes(run));
        },
        openRuns: () => this.#asked('openRuns'),
      },
    });
  }

  /** The answer is from before what they do. */
  async #asked(asked: keyof RecoveryDrill['meanwhile']): Promise<readonly string[]> {
    const { open, meanwhile } = this;
    this.meanwhile = { ...meanwhile, [asked]: undefined };
    await meanwhile[asked]?.();
    return open;
  }

  static async make(endpoint: string): Promise<RecoveryDrill> {
    return new RecoveryDrill(await PublishedWorld.make(endpoint));
  }

  async plan(
    given: Asked = { find: true },
    procedure = this.world.context.owner.run,
  ): Promise<RecoveryPlan & { summary: PlanSummary }> {
    const { context } = this.world;
    const planning = { ...context, owner: { ...context.owner, run: procedure } };
    const request = requestOf(given);
    await this.world.run(this.activities.examineData, planning, { request, now: NOW });
    const summary = await this.world.run(this.activities.planRecovery, planning, { request });
    return { ...recoveryPlanSchema.parse(await this.world.json(summary.key)), summary };
  }

  async restore(given?: Asked): Promise<void> {
    const { digest } = (await this.plan(given)).summary;
    await this.world.run(this.activities.restoreObjects, this.world.context, { digest });
  }

  /** @param meanwhile what happens between the plan and the look at what has come of it */
  async verify(given: Asked, meanwhile?: () => Promise<void>): Promise<Verified> {
    const { digest } = (await this.plan(given)).summary;
    await meanwhile?.();
    const look = { digest, request: requestOf(given), now: NOW };
    return await this.world.run(this.activities.verifyRecovery, this.world.context, look);
  }

  /** What the last look found of a day. */
  async evidenceOf(day: string): Promise<unknown> {
    const evidence = await this.world.json(layout.procedureRecord(this.world.context.owner.run, 'evidence'));
    const { days } = evidence as { days: { day: string }[] };
    return days.find((each) => each.day === day);
  }
}
