/** A procedure's documents: written whole, under fixed names, so that repeating a step writes them again. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { canonicalJson } from '../../pipeline/canonical-json.ts';
import { layout } from '../../pipeline/layout.ts';
import { failure } from '../call.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';

/** SHA-256 of a value as canonical JSON, in hex. */
function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

export async function writePlan(
  bucket: Bucket,
  procedure: string,
  plan: object,
): Promise<{ key: string; digest: string }> {
  const key = layout.procedureRecord(procedure, 'plan');
  await bucket.writeJson(key, plan);
  return { key, digest: digestOf(plan) };
}

/** @throws `PlanOutdated` when the plan in the procedure's folder is not the one that was agreed on */
export async function agreedPlan<T>(
  bucket: Bucket,
  procedure: string,
  schema: z.ZodType<T>,
  digest: string,
): Promise<T> {
  const plan = await requireRecord(bucket, procedure, 'plan', schema);
  const found = digestOf(plan);
  if (found === digest) return plan;
  const key = layout.procedureRecord(procedure, 'plan');
  throw failure('PlanOutdated', `s3://${bucket.name}/${key} has the digest ${found}; agreed was ${digest}`);
}

/** @throws `DocumentInvalid` when it is not there: an earlier step has written it */
export async function requireRecord<T>(
  bucket: Bucket,
  procedure: string,
  name: string,
  schema: z.ZodType<T>,
): Promise<T> {
  const key = layout.procedureRecord(procedure, name);
  const found = await bucket.readJson(key, schema);
  if (found === undefined) throw failure('DocumentInvalid', `s3://${bucket.name}/${key} is missing`);
  return found.value;
}
