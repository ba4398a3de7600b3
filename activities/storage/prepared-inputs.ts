/** The input manifest of a run: which bytes it processes. */
import { preparedInputsSchema } from '../../pipeline/inputs.ts';
import type { PreparedInputs } from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { failure } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';

/** @returns `undefined` when the run has prepared none, as one that only computes days again */
export async function findPreparedInputs(bucket: Bucket, run: string): Promise<PreparedInputs | undefined> {
  return (await bucket.readJson(layout.runRecord(run, 'inputs'), preparedInputsSchema))?.value;
}

/** @throws `DocumentInvalid` when the run has prepared none */
export async function preparedInputs(bucket: Bucket, run: string): Promise<PreparedInputs> {
  const inputs = await findPreparedInputs(bucket, run);
  if (inputs !== undefined) return inputs;
  throw failure(
    'DocumentInvalid',
    `s3://${bucket.name}/${layout.runRecord(run, 'inputs')}, which prepare_data writes, is missing`,
  );
}
