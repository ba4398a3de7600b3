/**
 * Inputs of a run: which files have arrived, claiming them, fixing their bytes. Reading and claiming can be repeated at
 * any point: claims name their owner, staged copies are of fixed versions, and the input manifest is written last.
 */
import { heartbeat } from '@temporalio/activity';
import pLimit from 'p-limit';
import type { NewStreams, PipelineActivities, Preparation } from '../../pipeline/activity-types.ts';
import { isFolderMarker, isHidden } from '../../pipeline/delivered-keys.ts';
import { fileIdOf } from '../../pipeline/documents.ts';
import { firstFew } from '../../pipeline/first-few.ts';
import { byArrival, candidatesSchema, keyRecordSchema, takeBatch } from '../../pipeline/inputs.ts';
import type { Candidate, Owner, PreparedFile, PreparedInputs } from '../../pipeline/inputs.ts';
import { layout, PREFIXES } from '../../pipeline/layout.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { failure } from '../call.ts';
import { copyWithin } from '../../systems/s3/copy.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import type { Digested } from '../../systems/s3/bucket.ts';
import { adopt, claimAgain } from './adoption.ts';
import { Claims, keyRecordOf } from './claims.ts';
import type { Claimed, ClosedRuns } from './claims.ts';
import { findPreparedInputs } from './prepared-inputs.ts';
import { ProgressBeats } from './progress.ts';
import { planValidation } from './plans/validation.ts';

type InputActivities = Pick<PipelineActivities, 'findNewStreams' | 'prepareData'>;

/** A candidate whose bytes have been read. */
interface Read extends Digested {
  readonly key: string;
  readonly id: string;
}

export function createInputActivities(systems: Buckets, closedRuns: ClosedRuns): InputActivities {
  return {
    async findNewStreams({ owner, settings }, { inputs }): Promise<NewStreams> {
      const bucket = systems.bucket(settings.bucket);
      const prepared = await preparedBefore(bucket, owner.run, inputs);
      if (prepared !== undefined) return prepared;
      const arrived: Candidate[] = [];
      let hidden = 0;
      for await (const { key, size, etag, modifiedAt } of bucket.list(PREFIXES.streams)) {
        if (isFolderMarker({ key, size })) continue;
        if (isHidden(key)) hidden += 1;
        else arrived.push({ key, size, etag, deliveredAt: modifiedAt.toISOString() });
      }
      const { taken, left } =
        inputs === undefined
          ? await batchOf(bucket, owner.run, arrived, {
              files: settings.maxFilesPerRun,
              bytes: settings.maxBytesPerRun,
            })
          : // Whoever names inputs has chosen how many.
            { taken: byArrival(named(arrived, inputs, bucket.name)), left: 0 };
      const candidates = { version: 1, run: owner.run, files: taken, left };
      await bucket.writeJson(layout.runRecord(owner.run, 'candidates'), candidates);
      const bytes = taken.reduce((sum, { size }) => sum + size, 0);
      return { files: taken.length, bytes, left, ...(hidden === 0 ? {} : { hidden }) };
    },

    async prepareData(context, { reference, now }): Promise<Preparation> {
      const { owner, settings } = context;
      const bucket = systems.bucket(settings.bucket);
      const earlier = await findPreparedInputs(bucket, owner.run);
      if (earlier !== undefined) {
        await requireSame(bucket, owner.run, earlier);
        await adopt(bucket, owner, earlier, closedRuns);
        const inputs = await claimAgain(bucket, owner, earlier);
        await planValidation(bucket, context, inputs, { reference, now });
        return summary(inputs);
      }
      const candidates = await bucket.readJson(layout.runRecord(owner.run, 'candidates'), candidatesSchema);
      if (candidates === undefined)
        throw failure(
          'DocumentInvalid',
          `s3://${bucket.name}/${layout.runRecord(owner.run, 'candidates')}, which check_for_new_streams writes, is missing`,
        );

      const progress = new ProgressBeats(candidates.value.files.length);
      const read = await readAll(bucket, candidates.value.files, progress);
      const others = await ownersInTheWay(new Claims(bucket, owner, new Set()), read);
      const claims = new Claims(bucket, owner, new Set(await closedRuns(others)));
      const prepared = await claimAll(bucket, owner, claims, read, now, progress);
      await bucket.writeJson(layout.runRecord(owner.run, 'inputs'), prepared);
      await planValidation(bucket, context, prepared, { reference, now });
      return summary(prepared);
    },
  };
}

/** A run that does this once more goes on with what it had found, which may be archived by now. */
async function preparedBefore(
  bucket: Bucket,
  run: string,
  asked: readonly string[] | undefined,
): Promise<NewStreams | undefined> {
  const inputs = await findPreparedInputs(bucket, run);
  if (inputs === undefined) return undefined;
  const { files, deferred } = inputs;
  const keys = new Set(
    [...files, ...deferred].flatMap(({ key }) => [key, key.slice(PREFIXES.streams.length)]),
  );
  if (asked?.some((key) => !keys.has(key)) === true) return undefined;
  return {
    files: files.length + deferred.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    left: 0,
  };
}

/**
 * What a run has prepared it goes on with: whoever names other inputs means another run.
 * @throws `InputInvalid` when it is asked to take others
 */
async function requireSame(bucket: Bucket, run: string, { files, deferred }: PreparedInputs): Promise<void> {
  const candidates = await bucket.readJson(layout.runRecord(run, 'candidates'), candidatesSchema);
  const asked = new Set(candidates?.value.files.map(({ key }) => key));
  const missing = files.filter(({ key }) => !asked.has(key)).map(({ key }) => key);
  if (candidates === undefined || missing.length === 0) return;
  const prepared = firstFew([...files, ...deferred].map(({ key }) => key));
  throw failure(
    'InputInvalid',
    `The run has prepared ${prepared} and can't take ${firstFew([...asked])} instead: abort it, and start a run with these`,
  );
}

/** What one run takes. Only where not all fit does it matter which of them other runs have claimed. */
async function batchOf(
  bucket: Bucket,
  run: string,
  arrived: readonly Candidate[],
  limits: { readonly files: number; readonly bytes: number },
): Promise<{ taken: Candidate[]; left: number }> {
  const claimed = new Set<string>();
  for (;;) {
    const batch = takeBatch(arrived, limits, claimed);
    if (batch.left === 0) return batch;
    const found = await claimedByOthers(
      bucket,
      run,
      batch.taken.filter(({ key }) => !claimed.has(key)),
    );
    if (found.length === 0) return batch;
    for (const key of found) claimed.add(key);
  }
}

async function claimedByOthers(bucket: Bucket, run: string, batch: readonly Candidate[]): Promise<string[]> {
  const claimed = await pLimit(S3_AT_ONCE).map(batch, async ({ key }) => {
    const record = await bucket.readJson(keyRecordOf(key), keyRecordSchema);
    heartbeat({ looking: key });
    return record?.value.pending !== undefined && record.value.pending.run !== run ? [key] : [];
  });
  return claimed.flat();
}

function named(arrived: readonly Candidate[], inputs: readonly string[], bucket: string): Candidate[] {
  const byKey = new Map(arrived.map((candidate) => [candidate.key, candidate]));
  const found = inputs.map((input) => {
    const candidate = byKey.get(input) ?? byKey.get(`${PREFIXES.streams}${input}`);
    if (candidate !== undefined) return candidate;
    throw failure(
      'InputInvalid',
      `Input ${JSON.stringify(input)} is not in s3://${bucket}/${PREFIXES.streams}${isHidden(input) ? ', or has a name that Hadoop calls hidden, so that no run takes it' : ''}`,
    );
  });
  return [...new Set(found)];
}

async function readAll(
  bucket: Bucket,
  candidates: readonly Candidate[],
  progress: ProgressBeats,
): Promise<Read[]> {
  const read: Read[] = [];
  for (const { key } of candidates) {
    const digested = await bucket.digest(key, {
      onProgress: (bytes) => {
        progress.within(`reading ${key}`, bytes);
      },
    });
    // Deleted since it was listed: nothing was delivered then.
    if (digested !== undefined) read.push({ ...digested, key, id: fileIdOf(digested.sha256) });
    heartbeat({ reading: key });
  }
  return read;
}

async function ownersInTheWay(claims: Claims, read: readonly Read[]): Promise<Owner[]> {
  const owners = new Map<string, Owner>();
  for (const { key, id } of read) {
    const verdict = await claims.judge(key, id);
    if (verdict.kind === 'busy') owners.set(verdict.owner.run, verdict.owner);
    heartbeat({ looking: key });
  }
  return [...owners.values()];
}

async function claimAll(
  bucket: Bucket,
  owner: Owner,
  claims: Claims,
  read: readonly Read[],
  now: string,
  progress: ProgressBeats,
): Promise<PreparedInputs> {
  const files: PreparedFile[] = [];
  const retire: PreparedInputs['retire'] = [];
  const deferred: PreparedInputs['deferred'] = [];
  for (const input of read) {
    const claimed: Claimed = await claims.claim(input, now);
    if (claimed.verdict.kind === 'busy') {
      deferred.push({ key: input.key, processedBy: claimed.verdict.owner.run });
      continue;
    }
    const { id, sha256, key, versionId, etag, size, gzip, modifiedAt } = input;
    const order = files.length;
    const verdict = claimed.verdict.kind;
    const file = {
      order,
      id,
      sha256,
      key,
      versionId,
      etag,
      size,
      deliveredAt: modifiedAt.toISOString(),
      verdict,
    };
    retire.push(...claimed.retire.map((left) => ({ ...left, by: id, key })));
    if (verdict === 'redelivery') {
      files.push(file);
    } else {
      const stagedKey = layout.stagedInput(owner.run, order, id, gzip);
      await copyWithin(bucket, input, stagedKey, () => {
        progress.within(`staging ${key}`, 0);
      });
      files.push({ ...file, stagedKey });
    }
    heartbeat({ claimed: key });
  }
  return { version: 1, run: owner.run, preparedAt: now, files, retire, deferred };
}

function summary({ files, retire, deferred }: PreparedInputs): Preparation {
  const toValidate = files.filter(({ verdict }) => verdict !== 'redelivery');
  return {
    toValidate: toValidate.length,
    redelivered: files.length - toValidate.length,
    retiring: retire.length,
    deferred: deferred.length,
    bytes: toValidate.reduce((sum, { size }) => sum + size, 0),
  };
}
