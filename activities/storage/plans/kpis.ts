/** Of which days the KPIs are to be computed, and from which plays. */
import type { Reference } from '../../../pipeline/documents.ts';
import { layout, PREFIXES, s3Uri } from '../../../pipeline/layout.ts';
import type { PlaysManifest } from '../../../pipeline/manifests.ts';
import type { Bucket } from '../../../systems/s3/bucket.ts';
import { plannedReference, writeStagePlan } from './stage-plan.ts';

export async function planKpis(
  bucket: Bucket,
  run: string,
  reference: Reference,
  manifests: readonly PlaysManifest[],
): Promise<void> {
  const uri = (key: string): string => s3Uri(bucket.name, key);
  await writeStagePlan(bucket, 'kpi_computation', {
    version: 1,
    run,
    days: manifests.map(({ day, edition, parts, sources, retired }) => ({
      day,
      edition,
      parts: parts.map(({ files, rows, distinctPlays }) => ({
        files: files.map(({ key }) => uri(key)),
        rows,
        distinctPlays,
      })),
      sources: sources.map(({ id }) => id),
      retired: retired.map(({ id }) => id),
    })),
    reference: plannedReference(bucket, reference),
    itemsPrefix: uri(PREFIXES.kpis),
    scratchPrefix: uri(layout.scratch(run)),
  });
}
