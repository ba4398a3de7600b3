/** What the crash tests kill something in: a run, or one of the procedures, in a situation that has much to lose. */
import type { ProcedureReference } from '../../client/procedures.ts';
import { searchAttributes } from '../../workflows/shared/search-attributes.ts';
import type { PipelineResult } from '../../workflows/pipeline/workflow.ts';
import type { ProcedureResult } from '../../workflows/procedures/procedure.ts';
import { until } from '../support/until.ts';
import type { CrashWorld, DeliveredFile } from './world.ts';

export interface Subject {
  /** Brings about the situation. Nothing is killed meanwhile. */
  prepare(): Promise<void>;
  /**
   * Does it, while something is killed, and says in the world what is expected now.
   * @throws Error when it does not end, or not as it should
   */
  act(): Promise<void>;
  /** After the last case, unharmed: what was kept from ending comes to its end, and its numbers count as well. */
  finish?(): Promise<void>;
}

export interface SubjectKind {
  readonly about: string;
  /** Which sites are its own; all that are performed in `act` and not before when absent. */
  readonly sites?: RegExp;
  readonly make: (world: CrashWorld) => Subject;
}

/** Who asks, and why, in all that is asked for here. */
export const WHO = { by: 'ada', reason: 'drill' } as const;

/** A run of three Spark jobs takes half a minute; a killed worker that waited for Glue is missed after one more. */
const ENDS_WITHIN_MS = 300_000;

/**
 * The result of a workflow, over restarts of the server.
 * @throws Error when it fails, parks, or does not end in time
 */
export async function resultOf<T>(world: CrashWorld, workflowId: string, runId?: string): Promise<T> {
  const handle = world.stack.client.temporal.client.workflow.getHandle<() => Promise<T>>(workflowId, runId);
  await until(
    `${workflowId} ends`,
    async () => {
      const described = await handle.describe().catch(() => undefined);
      if (described === undefined) return undefined;
      if (described.status.name !== 'RUNNING') return true;
      if (described.typedSearchAttributes.get(searchAttributes.status) !== 'NeedsOperator') return undefined;
      const { parked } = await handle.query<{ parked: unknown }>('status');
      throw new Error(`${workflowId} is parked: ${JSON.stringify(parked)}`);
    },
    ENDS_WITHIN_MS,
  );
  return await handle.result();
}

/** Approves the plan of a procedure as soon as it asks, and waits for its end. */
export async function carriedOut(world: CrashWorld, reference: ProcedureReference): Promise<ProcedureResult> {
  const { procedures } = world.stack.client;
  const asked = async (): Promise<boolean> => {
    // While a worker or the server is away nobody answers; an approval whose answer was lost is not asked for again.
    const status = await procedures.status(reference).catch(() => undefined);
    if (status === undefined || status.plan === null) return await ended(world, reference);
    const { waiting, phase, plan } = status;
    if (waiting === null) return phase !== 'planning';
    const approval = { ...WHO, digest: plan.digest };
    await procedures.command('approve', reference, approval).catch(() => undefined);
    return false;
  };
  await until(`${reference.id} is approved`, asked, ENDS_WITHIN_MS);
  return await resultOf<ProcedureResult>(world, reference.workflowId, reference.runId);
}

async function ended(world: CrashWorld, { workflowId, runId }: ProcedureReference): Promise<boolean> {
  const handle = world.stack.client.temporal.client.workflow.getHandle(workflowId, runId);
  const described = await handle.describe().catch(() => undefined);
  return described !== undefined && described.status.name !== 'RUNNING';
}

/** @throws Error when the run did not publish the file, or not all of its rows are accounted for */
export async function published(world: CrashWorld, id: string, file: DeliveredFile): Promise<void> {
  const { outcome, rows } = await resultOf<PipelineResult>(world, id);
  world.open.delete(id);
  world.claimants.delete(id);
  world.expectPublished(file);
  const { delivered = 0, valid = 0, duplicate = 0, rejected = 0, underReview = 0 } = rows ?? {};
  const judged = valid + duplicate + rejected + underReview;
  if (outcome !== 'published' || delivered !== file.rows || judged !== file.rows) {
    throw new Error(`${id} ended ${outcome} with ${JSON.stringify(rows)} of ${file.rows} rows`);
  }
}

/** A day that an undisturbed run has published. */
export async function publishedDay(world: CrashWorld): Promise<DeliveredFile> {
  const file = await world.deliver();
  const id = `undisturbed-${file.day}`;
  await world.stack.start(id, { inputs: [file.name] });
  await published(world, id, file);
  return file;
}
