/** Which published items are to be in the table. */
import { layout, s3Uri } from '../../../pipeline/layout.ts';
import type { KpisManifest } from '../../../pipeline/manifests.ts';
import type { RunContext } from '../../../pipeline/run-context.ts';
import type { Bucket } from '../../../systems/s3/bucket.ts';
import { writeStagePlan } from './stage-plan.ts';

export async function planLoad(
  bucket: Bucket,
  { owner: { run }, settings }: RunContext,
  published: readonly KpisManifest[],
  publishedAt: string,
): Promise<void> {
  await writeStagePlan(bucket, 'dynamodb_load', {
    version: 1,
    run,
    table: settings.table,
    days: published.map(({ day, edition, files, items, digest }) => ({
      day,
      edition,
      items,
      digest,
      files: files.map(({ key }) => s3Uri(bucket.name, key)),
    })),
    publishedAt,
    retentionDays: settings.retentionDays,
    deadLetterPrefix: s3Uri(bucket.name, layout.deadLetters(run)),
    maxWriteUnitsPerSecond: settings.maxWriteUnitsPerSecond ?? null,
  });
}
