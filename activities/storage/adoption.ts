/**
 * A resumed run makes its claims its own again: they name the closed execution, which any other run may succeed. What it
 * had published and is to validate once more, it claims once more, to replace itself.
 */
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import { keyRecordSchema, preparedInputsSchema } from '../../pipeline/inputs.ts';
import type { FileRecord, KeyRecord, Owner, PreparedFile, PreparedInputs } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { failure } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import { keyRecordOf } from './claims.ts';
import { changeDocument } from './documents.ts';
import { changeFile, holdsKey } from './standing.ts';
import { planValidation } from './plans/validation.ts';

export function createAdoptionActivities(systems: Buckets): Pick<PipelineActivities, 'adoptInputs'> {
  return {
    async adoptInputs(context, { closedRuns, again }) {
      const { owner, settings } = context;
      const bucket = systems.bucket(settings.bucket);
      const inputs = await bucket.readJson(layout.runRecord(owner.run, 'inputs'), preparedInputsSchema);
      if (inputs === undefined)
        throw failure(
          'DocumentInvalid',
          `s3://${bucket.name}/${layout.runRecord(owner.run, 'inputs')}, which prepare_data writes, is missing`,
        );
      const { files, blockedBy } = await adopt(bucket, owner, inputs.value, closedRuns);
      if (again !== undefined && blockedBy.length === 0)
        await planValidation(bucket, context, await claimAgain(bucket, owner, inputs.value), again);
      return { files, ...(blockedBy.length === 0 ? {} : { blockedBy }) };
    },
  };
}

/**
 * @param closedRuns runs that have ended; left out when nobody has asked yet
 * @returns the owners of claims of whom it is not known whether they have ended
 * @throws `InputsTaken` when another run has a file, or a later delivery of its key is processed already
 */
export async function adopt(
  bucket: Bucket,
  owner: Owner,
  inputs: PreparedInputs,
  closedRuns: readonly string[] | undefined,
): Promise<{ files: number; blockedBy: Owner[] }> {
  const files = inputs.files.filter(({ verdict }) => verdict !== 'redelivery');
  const adoption = new Adoption(bucket, owner, closedRuns);
  for (const file of files) await adoption.adopt(file);
  return { files: files.length, blockedBy: adoption.blockedBy };
}

/**
 * Claims what the run has published already, each file in its own place.
 * @returns the inputs, which say so from now on
 */
export async function claimAgain(
  bucket: Bucket,
  owner: Owner,
  inputs: PreparedInputs,
): Promise<PreparedInputs> {
  const retire = [...inputs.retire];
  for (const { id, key, verdict } of inputs.files) {
    // What a later delivery has replaced stays as it is.
    if (verdict === 'redelivery' || !(await holdsKey(bucket, owner.run, key, id))) continue;
    const record = await changeFile(bucket, id, (current) => claimedAgain(current, owner));
    if (record?.owner.run !== owner.run || record.days.length === 0) continue;
    if (record.state === 'claimed')
      await changeDocument<KeyRecord, KeyRecord | undefined>(
        bucket,
        keyRecordOf(key),
        keyRecordSchema,
        (current) => (current === undefined ? current : { ...current, pending: owner }),
      );
    if (!retire.some((entry) => entry.id === id)) retire.push({ id, by: id, days: record.days, key });
  }
  const known = { ...inputs, retire };
  await bucket.writeJson(layout.runRecord(owner.run, 'inputs'), known);
  return known;
}

/** An archived file stays archived: its plays are replaced, the file is not processed again. */
function claimedAgain(record: FileRecord, { run }: Owner): FileRecord {
  if (record.state !== 'published' || record.owner.run !== run) return record;
  const { rejected, ...kept } = record;
  return { ...kept, state: 'claimed' };
}

class Adoption {
  readonly blockedBy: Owner[] = [];
  readonly #bucket: Bucket;
  readonly #owner: Owner;
  readonly #closedRuns: readonly string[] | undefined;

  constructor(bucket: Bucket, owner: Owner, closedRuns: readonly string[] | undefined) {
    this.#bucket = bucket;
    this.#owner = owner;
    this.#closedRuns = closedRuns;
  }

  async adopt({ id, key }: PreparedFile): Promise<void> {
    const blocked = this.blockedBy.length;
    const file = await changeFile(this.#bucket, id, (current) => {
      if (current.state === 'done' || current.state === 'refused') return current;
      return this.#mayTake(current.owner, key) ? { ...current, owner: this.#owner } : current;
    });
    const record = await changeDocument<KeyRecord, KeyRecord | undefined>(
      this.#bucket,
      keyRecordOf(key),
      keyRecordSchema,
      (current) => {
        if (current?.pending === undefined) return current;
        return this.#mayTake(current.pending, key) ? { ...current, pending: this.#owner } : current;
      },
    );
    if (this.blockedBy.length === blocked) this.#requireKey(key, file, record);
  }

  /** A file that is still to be published needs its key: without it, a later delivery has been processed. */
  #requireKey(key: string, file: FileRecord | undefined, record: KeyRecord | undefined): void {
    const { run } = this.#owner;
    if (file?.state === 'claimed' && file.owner.run === run && record?.pending?.run !== run) {
      throw failure('InputsTaken', `A later delivery of ${key} has been processed since`);
    }
    // What an operator rejected has its copy in quarantine; without one, a reset has freed it.
    if (file?.state === 'refused' && file.archivedAs === undefined && record?.pending?.run !== run) {
      throw failure('InputsTaken', `The claim of ${key} was freed by a reset since; a new run takes it`);
    }
    if (file?.state === 'refused' && file.owner.run !== run) {
      throw failure('InputsTaken', `${key} was rejected in run ${file.owner.run}, which had taken it over`);
    }
  }

  /** @throws `InputsTaken` when another run has the file */
  #mayTake(current: Owner, key: string): boolean {
    const { run, originalRunId } = this.#owner;
    if (current.run === run) return current.originalRunId !== originalRunId;
    if (this.#closedRuns === undefined) {
      this.blockedBy.push(current);
      return false;
    }
    if (this.#closedRuns.includes(current.run)) return true;
    throw failure('InputsTaken', `${key} was taken over by run ${current.run}, which processes it`);
  }
}
