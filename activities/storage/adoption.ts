/**
 * A resumed run makes its claims its own again: they name the closed execution, which any other run may succeed. What it
 * had published and is to validate once more, it claims once more, to replace itself.
 */
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import { keyRecordSchema } from '../../pipeline/inputs.ts';
import type { FileRecord, KeyRecord, Owner, PreparedFile, PreparedInputs } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { failure } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import { keyRecordOf } from './claims.ts';
import type { ClosedRuns } from './claims.ts';
import { changeDocument } from './documents.ts';
import { preparedInputs } from './prepared-inputs.ts';
import { changeClaimedKey, changeFile, holdsKey } from './standing.ts';
import { planValidation } from './plans/validation.ts';

export function createAdoptionActivities(
  systems: Buckets,
  closedRuns: ClosedRuns,
): Pick<PipelineActivities, 'adoptInputs'> {
  return {
    async adoptInputs(context, { again }) {
      const { owner, settings } = context;
      const bucket = systems.bucket(settings.bucket);
      const inputs = await preparedInputs(bucket, owner.run);
      const files = await adopt(bucket, owner, inputs, closedRuns);
      if (again !== undefined)
        await planValidation(bucket, context, await claimAgain(bucket, owner, inputs), again);
      return { files };
    },
  };
}

/**
 * @returns how many files the run brings
 * @throws `InputsTaken` when another run has a file, or a later delivery of its key is processed already
 */
export async function adopt(
  bucket: Bucket,
  owner: Owner,
  inputs: PreparedInputs,
  closedRuns: ClosedRuns,
): Promise<number> {
  const files = inputs.files.filter(({ verdict }) => verdict !== 'redelivery');
  const adoption = new Adoption(bucket, owner, closedRuns);
  for (const file of files) await adoption.adopt(file);
  return files.length;
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
  readonly #bucket: Bucket;
  readonly #owner: Owner;
  readonly #closedRuns: ClosedRuns;
  /** Of each other run that was asked about, whether it has ended. */
  readonly #hasEnded = new Map<string, boolean>();

  constructor(bucket: Bucket, owner: Owner, closedRuns: ClosedRuns) {
    this.#bucket = bucket;
    this.#owner = owner;
    this.#closedRuns = closedRuns;
  }

  async adopt(input: PreparedFile): Promise<void> {
    const { id, key } = input;
    const unknown: Owner[] = [];
    const file = await changeFile(this.#bucket, id, (current) => {
      if (current.state === 'done' || current.state === 'refused') return current;
      return this.#mayTake(current.owner, key, unknown) ? { ...current, owner: this.#owner } : current;
    });
    const record = await changeClaimedKey(this.#bucket, key, (current) =>
      this.#mayTake(current.pending, key, unknown) ? { ...current, pending: this.#owner } : current,
    );
    if (unknown.length === 0) {
      this.#requireKey(key, file, record);
      return;
    }
    const closed = await this.#closedRuns(unknown);
    for (const { run } of unknown) this.#hasEnded.set(run, closed.includes(run));
    await this.adopt(input);
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

  /**
   * @param unknown takes the owner of whom it is not known whether its run has ended
   * @throws `InputsTaken` when another run has the file
   */
  #mayTake(current: Owner, key: string, unknown: Owner[]): boolean {
    const { run, originalRunId } = this.#owner;
    if (current.run === run) return current.originalRunId !== originalRunId;
    const hasEnded = this.#hasEnded.get(current.run);
    if (hasEnded === undefined) unknown.push(current);
    if (hasEnded !== false) return hasEnded === true;
    throw failure('InputsTaken', `${key} was taken over by run ${current.run}, which processes it`);
  }
}
