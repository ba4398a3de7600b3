/** Going back to an earlier edition of a day: finding the manifest that it had and whether its plays are still there, and putting it back. */
import { heartbeat } from '@temporalio/activity';
import type { FileRecord } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { kpisManifestSchema, playsManifestSchema, rollBack } from '../../pipeline/manifests.ts';
import type { PlaysManifest } from '../../pipeline/manifests.ts';
import { beforeOf } from '../../pipeline/recovery/plan.ts';
import type { RecoveryPlan, Restore } from '../../pipeline/recovery/plan.ts';
import type { ParsedRecoveryRequest } from '../../pipeline/recovery/request.ts';
import { failure } from '../call.ts';
import { changeDocument } from '../storage/documents.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import { changeFile } from '../storage/standing.ts';
import { findVersion } from './documents.ts';
import { Inspection } from './inspection.ts';

/** @throws `RecoveryImpossible` when there is no such edition, or it is the present one */
export async function planRollback(
  bucket: Bucket,
  plan: RecoveryPlan,
  { day, edition }: NonNullable<ParsedRecoveryRequest['rollback']>,
): Promise<RecoveryPlan> {
  const key = layout.manifest('plays', day);
  const current = (await bucket.readJson(key, playsManifestSchema))?.value;
  if (current === undefined) throw failure('RecoveryImpossible', `${day} has never been published`);
  if (edition >= current.edition) {
    throw failure(
      'RecoveryImpossible',
      `Edition ${edition} of ${day} is no earlier one: the present edition is ${current.edition}`,
    );
  }
  const wanted = (found: { readonly day: string; readonly edition: number }): boolean =>
    found.day === day && found.edition === edition;
  const earlier = await findVersion(bucket, key, playsManifestSchema, wanted);
  if (earlier === undefined) {
    throw failure('RecoveryImpossible', `No version of ${key} is edition ${edition}`);
  }
  const files = earlier.value.parts.flatMap((part) => part.files);
  const { restores, lost } = await restoresOf(bucket, files);
  if (lost.length > 0) return { ...plan, restores: [], returns: [], recompute: [], lost };
  const computed = await findVersion(bucket, layout.manifest('kpis', day), kpisManifestSchema, wanted);
  const kept = new Set(earlier.value.sources.map(({ id }) => id));
  const leaving = current.sources.map(({ id }) => id).filter((id) => !kept.has(id));
  return {
    ...plan,
    restores,
    // Whatever else is wrong with the day is another recovery's; the present edition is left behind here.
    returns: [],
    recompute: [day],
    rollback: { day, edition, from: earlier.from, current: current.edition, leaving },
    lost: [],
    // Of an edition of which no KPIs were published nothing is known but its plays.
    before: [beforeOf({ day, plays: earlier.value, kpis: computed?.value ?? null })],
  };
}

async function restoresOf(
  bucket: Bucket,
  files: readonly { readonly key: string; readonly size: number; readonly sha256: string }[],
): Promise<{ restores: Restore[]; lost: RecoveryPlan['lost'] }> {
  const inspection = new Inspection(bucket, false);
  const restores: Restore[] = [];
  const lost: RecoveryPlan['lost'] = [];
  for (const { key, size, sha256 } of files) {
    const problem = await inspection.problemOf({ key, size, sha256 });
    if (problem === undefined) continue;
    const from = await inspection.goodCopy({ size, sha256 }, [key]);
    if (from === undefined) {
      lost.push({
        layer: 'validated',
        what: key,
        because: 'no version of it has the right bytes',
        remedy: 'Choose another edition.',
      });
    } else {
      restores.push({ layer: 'validated', problem, key, size, sha256, from });
    }
  }
  return { restores, lost };
}

/** The earlier edition as a new one; files that no longer count may be delivered again, those that count anew not. */
export async function rollBackDay(
  bucket: Bucket,
  procedure: string,
  { day, from, leaving, current: planned }: Omit<NonNullable<RecoveryPlan['rollback']>, 'edition'>,
): Promise<void> {
  const earlier = await bucket.readJson(from.key, playsManifestSchema, from.versionId);
  if (earlier === undefined)
    throw failure('DocumentInvalid', `Version ${from.versionId} of ${from.key} is gone`);
  const publishedAt = new Date().toISOString();
  await changeDocument<PlaysManifest, PlaysManifest>(
    bucket,
    layout.manifest('plays', day),
    playsManifestSchema,
    (current) => {
      if (current?.run === procedure) return current;
      if (current?.edition !== planned) {
        const found = current === undefined ? 'gone' : `at edition ${current.edition}`;
        throw failure('PlanOutdated', `${day} is ${found}; the plan was made at edition ${planned}`);
      }
      return rollBack(current, earlier.value, { run: procedure, publishedAt });
    },
  );
  for (const id of leaving) await changeState(bucket, id, 'done', 'refused');
  for (const { id } of earlier.value.sources) await changeState(bucket, id, 'refused', 'done');
}

async function changeState(
  bucket: Bucket,
  id: string,
  from: FileRecord['state'],
  to: FileRecord['state'],
): Promise<void> {
  await changeFile(bucket, id, (current) => (current.state === from ? { ...current, state: to } : current));
  heartbeat({ file: id });
}
