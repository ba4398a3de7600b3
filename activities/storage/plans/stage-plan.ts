/** What the plans of Glue stages have in common: where each is written, and how it names reference data. */
import type { Reference } from '../../../pipeline/documents.ts';
import { layout, s3Uri } from '../../../pipeline/layout.ts';
import type { PlannedReference, PlannedStage, StagePlans } from '../../../pipeline/plans.ts';
import type { Bucket } from '../../../systems/s3/bucket.ts';

/** Where the start of the stage's Glue run looks for it. Repeating it writes the plan again. */
export async function writeStagePlan<S extends PlannedStage>(
  bucket: Bucket,
  stage: S,
  plan: StagePlans[S],
): Promise<void> {
  await bucket.writeJson(layout.plan(plan.run, stage), plan);
}

export function plannedReference({ name }: Bucket, { version }: Reference): PlannedReference {
  return { version, uri: s3Uri(name, layout.judgedReference(version)) };
}
