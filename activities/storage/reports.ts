/** Reading the report of a Glue script: it must be there, be what its schema says and belong to this run. */
import type { z } from 'zod';
import { failure } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';

/** @returns `undefined` for no key: the run did without the stage */
export async function findReport<T extends { readonly run: string }>(
  bucket: Bucket,
  key: string | undefined,
  schema: z.ZodType<T>,
  run: string,
): Promise<T | undefined> {
  return key === undefined ? undefined : await requireReport(bucket, key, schema, run);
}

export async function requireReport<T extends { readonly run: string }>(
  bucket: Bucket,
  key: string,
  schema: z.ZodType<T>,
  run: string,
): Promise<T> {
  const stored = await bucket.readJson(key, schema).catch((error: unknown) => {
    if (error instanceof Error && 'type' in error && error.type === 'DocumentInvalid') {
      throw failure('ReportInvalid', error.message, error);
    }
    throw error;
  });
  if (stored === undefined) {
    throw failure('ReportInvalid', `The Glue run succeeded but left no report at s3://${bucket.name}/${key}`);
  }
  if (stored.value.run !== run) {
    throw failure(
      'ReportInvalid',
      `s3://${bucket.name}/${key} is the report of run ${stored.value.run}, not of ${run}`,
    );
  }
  return stored.value;
}
