/**
 * RDATA-3: putting objects and documents back. A good object is never overwritten: each is looked at right before, what
 * is damaged goes to quarantine first, and the restored one is verified. So repeating any of it ends in the same state.
 */
import { heartbeat } from '@temporalio/activity';
import { z } from 'zod';
import { layout } from '../../pipeline/layout.ts';
import type { RecoveryActivities } from '../../pipeline/procedures/activity-types.ts';
import { recoveryPlanSchema } from '../../pipeline/recovery/plan.ts';
import type { DocumentRestore } from '../../pipeline/recovery/plan.ts';
import { failure } from '../call.ts';
import { agreedPlan } from '../procedures/documents.ts';
import { copyWithin } from '../../systems/s3/copy.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import { readDocument } from './documents.ts';
import { Inspection } from './inspection.ts';
import type { Expected } from './inspection.ts';
import { rollBackDay } from './rollback.ts';

export function createRestoreActivities(systems: Buckets): Pick<RecoveryActivities, 'restoreObjects'> {
  return {
    async restoreObjects({ owner, settings }, { digest }) {
      const bucket = systems.bucket(settings.bucket);
      const plan = await agreedPlan(bucket, owner.run, recoveryPlanSchema, digest);
      const restoring = new Restoring(bucket, owner.run);
      for (const document of plan.documents) await restoring.document(document);
      for (const { from, ...expected } of plan.restores) await restoring.object(expected, from);
      if (plan.rollback !== null) await rollBackDay(bucket, owner.run, plan.rollback);
      const { restored, good, quarantined } = restoring;
      return { restored, good, quarantined };
    },
  };
}

class Restoring {
  restored = 0;
  good = 0;
  quarantined = 0;
  readonly #bucket: Bucket;
  readonly #procedure: string;
  readonly #inspection: Inspection;

  constructor(bucket: Bucket, procedure: string) {
    this.#bucket = bucket;
    this.#procedure = procedure;
    this.#inspection = new Inspection(bucket, false);
  }

  /** @throws `ArchiveMismatch` when the restored object is not the right one after all */
  async object(
    expected: Expected,
    from: { readonly key: string; readonly versionId: string },
  ): Promise<void> {
    const problem = await this.#inspection.problemOf(expected);
    if (problem === undefined) {
      this.good += 1;
      return;
    }
    if (problem !== 'missing') await this.#setAside(expected.key);
    await copyWithin(this.#bucket, { ...from, size: expected.size }, expected.key, () => {
      heartbeat({ restoring: expected.key });
    });
    if ((await this.#inspection.problemOf(expected)) !== undefined) {
      throw failure(
        'ArchiveMismatch',
        `s3://${this.#bucket.name}/${expected.key} was restored from version ${from.versionId} of ${from.key}, and is not right`,
      );
    }
    this.restored += 1;
  }

  /** On the condition that nobody wrote the document meanwhile. */
  async document({ kind, key, from, older }: DocumentRestore): Promise<void> {
    const head = await this.#bucket.head(key);
    const current = (await readDocument(this.#bucket, kind, key))?.value;
    const makesRoom = current !== undefined && 'edition' in current && current.edition === older;
    if (current !== undefined && !makesRoom) {
      this.good += 1;
      return;
    }
    const earlier = await this.#bucket.readJson(from.key, z.looseObject({}), from.versionId);
    if (earlier === undefined) {
      throw failure('DocumentInvalid', `Version ${from.versionId} of ${from.key} is gone`);
    }
    if (head !== undefined) await this.#setAside(key);
    if (!(await this.#bucket.writeJsonIf(key, earlier.value, head?.etag))) {
      throw failure('PublishConflict', `${key} was written by somebody else while it was being restored`);
    }
    this.restored += 1;
  }

  /** A copy of what is there now, before something else takes its place. */
  async #setAside(key: string): Promise<void> {
    const head = await this.#bucket.head(key);
    if (head === undefined) return;
    const source = { key, versionId: head.versionId, size: head.size };
    await copyWithin(this.#bucket, source, layout.quarantined(this.#procedure, key), () => {
      heartbeat({ quarantining: key });
    });
    this.quarantined += 1;
  }
}
