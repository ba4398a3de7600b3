/** A resumed run makes its claims its own again: they name the closed execution, which any other run may succeed. */
import type { S3Client } from '@aws-sdk/client-s3';
import type { PipelineActivities } from '../../pipeline/activity-types.ts';
import { fileRecordSchema, keyRecordSchema, preparedInputsSchema } from '../../pipeline/inputs.ts';
import type { FileRecord, KeyRecord, Owner, PreparedFile } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { failure } from '../aws/call.ts';
import { keyRecordOf } from './claims.ts';
import { changeDocument } from './documents.ts';
import { Bucket } from './objects.ts';

export function createAdoptionActivities(s3: S3Client): Pick<PipelineActivities, 'adoptInputs'> {
  return {
    async adoptInputs({ owner, settings }, { closedRuns }) {
      const bucket = new Bucket(s3, settings.bucket);
      const inputs = await bucket.readJson(layout.runRecord(owner.run, 'inputs'), preparedInputsSchema);
      if (inputs === undefined) throw failure('DocumentInvalid', `${owner.run} has no input manifest`);
      const files = inputs.value.files.filter(({ verdict }) => verdict !== 'redelivery');
      const adoption = new Adoption(bucket, owner, closedRuns);
      for (const file of files) await adoption.adopt(file);
      const { blockedBy } = adoption;
      return { files: files.length, ...(blockedBy.length === 0 ? {} : { blockedBy }) };
    },
  };
}

class Adoption {
  /** Owners of the run's claims of whom is not known whether they have ended. */
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
    await changeDocument<FileRecord, FileRecord | undefined>(
      this.#bucket,
      layout.file(id),
      fileRecordSchema,
      (current) => {
        if (current === undefined || current.state === 'done' || current.state === 'refused') return current;
        return this.#mayTake(current.owner, key) ? { ...current, owner: this.#owner } : current;
      },
    );
    await changeDocument<KeyRecord, KeyRecord | undefined>(
      this.#bucket,
      keyRecordOf(key),
      keyRecordSchema,
      (current) => {
        if (current?.pending === undefined) return current;
        return this.#mayTake(current.pending, key) ? { ...current, pending: this.#owner } : current;
      },
    );
  }

  /** @throws `InputsTaken` when another run has the file */
  #mayTake(current: Owner, key: string): boolean {
    const { run, firstRunId } = this.#owner;
    if (current.run === run) return current.firstRunId !== firstRunId;
    if (this.#closedRuns === undefined) {
      this.blockedBy.push(current);
      return false;
    }
    if (this.#closedRuns.includes(current.run)) return true;
    throw failure('InputsTaken', `${key} was taken over by run ${current.run}, which processes it`);
  }
}
