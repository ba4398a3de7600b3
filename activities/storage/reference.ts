/**
 * Reference data as one run sees it. Whatever is under `reference/songs/` and `reference/users/` is one data set each;
 * its version is a digest over the objects' keys and tags, oldest first. Each version is copied once to a place of its
 * own, which is what scripts read: reference data delivered during a run never mixes into it, and a day can be computed
 * again with the version that its manifest names. Each version is judged once, row by row, before any Glue run.
 */
import { createHash } from 'node:crypto';
import { cancellationSignal } from '@temporalio/activity';
import { z } from 'zod';
import { isHidden } from '../../pipeline/delivered-keys.ts';
import type { Reference } from '../../pipeline/documents.ts';
import { layout, PREFIXES, s3Uri } from '../../pipeline/layout.ts';
import {
  firstBadOf,
  referenceDocument,
  referenceDocumentSchema,
  sumOf,
  tooManyUnusable,
} from '../../pipeline/reference.ts';
import type { ReferenceDocument, ReferenceFile, ReferenceKind } from '../../pipeline/reference.ts';
import type { RunContext } from '../../pipeline/run-context.ts';
import { failure } from '../call.ts';
import { copyWithin } from '../../systems/s3/copy.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import type { Buckets } from '../../systems/systems.ts';
import type { ListedObject } from '../../systems/s3/bucket.ts';
import { ProgressBeats } from './progress.ts';
import { judgeReferenceFile } from './reference-rows.ts';

const KINDS = ['songs', 'users'] as const satisfies readonly ReferenceKind[];

/** Hex digits of a version: enough that two versions of one bucket never meet, short enough to read out. */
const VERSION_DIGITS = 16;

export function createReferenceActivities(systems: Buckets): {
  checkReferenceData(context: RunContext): Promise<Reference>;
} {
  return {
    async checkReferenceData({ settings }) {
      const bucket = systems.bucket(settings.bucket);
      const [songs, users] = await Promise.all([
        delivered(bucket, PREFIXES.songs, 'songs'),
        delivered(bucket, PREFIXES.users, 'users'),
      ]);
      const version = versionOf([...songs, ...users]);
      const pinned = {
        songs: await pin(bucket, version, 'songs', songs),
        users: await pin(bucket, version, 'users', users),
      };
      const document =
        (await judgedBefore(bucket, version)) ??
        (await judge(bucket, version, pinned, settings.maxUnpackedBytes));
      for (const kind of KINDS) {
        const problem = tooManyUnusable(kind, document[kind], settings.referenceMaxUnusableShare);
        if (problem !== undefined) throw failure('ReferenceDataInvalid', problem);
      }
      return {
        version,
        songs: sumOf(document.songs),
        users: sumOf(document.users),
        firstBad: firstBadOf([...document.songs, ...document.users]),
      };
    },
  };
}

/** By other rules it would be another document, which is no error. */
async function judgedBefore(bucket: Bucket, version: string): Promise<ReferenceDocument | undefined> {
  const stored = await bucket.readJson(layout.judgedReference(version), z.unknown());
  return referenceDocumentSchema.safeParse(stored?.value).data;
}

async function judge(
  bucket: Bucket,
  version: string,
  pinned: Readonly<Record<ReferenceKind, readonly PinnedObject[]>>,
  maxUnpackedBytes: number,
): Promise<ReferenceDocument> {
  const all = [...pinned.songs, ...pinned.users];
  const progress = new ProgressBeats(all.reduce((sum, { size }) => sum + size, 0));
  const judged: Record<ReferenceKind, ReferenceFile[]> = { songs: [], users: [] };
  for (const kind of KINDS) {
    for (const { key, target } of pinned[kind]) {
      const body = await bucket.read(target);
      if (body === undefined)
        throw failure('ServiceUnavailable', `${target} is gone right after it was written`);
      const signal = cancellationSignal();
      const onProgress = (bytes: number): void => {
        signal.throwIfAborted();
        progress.within(key, bytes);
      };
      const file = await bucket.call('GetObject', target, () =>
        judgeReferenceFile({ key, kind, body, maxUnpackedBytes, onProgress }),
      );
      judged[kind].push({ ...file, uri: s3Uri(bucket.name, target) });
    }
  }
  const document = referenceDocument(version, judged);
  await bucket.writeJson(layout.judgedReference(version), document);
  return document;
}

/** Oldest first. */
async function delivered(bucket: Bucket, prefix: string, what: string): Promise<ListedObject[]> {
  const found: ListedObject[] = [];
  for await (const object of bucket.list(prefix)) {
    if (object.size > 0 && !isHidden(object.key.slice(prefix.length))) found.push(object);
  }
  if (found.length === 0) {
    throw failure(
      'ReferenceDataInvalid',
      `No ${what}: s3://${bucket.name}/${prefix} holds no object with content`,
    );
  }
  const age = (object: ListedObject): number => object.modifiedAt.getTime();
  return found.sort((a, b) => age(a) - age(b) || (a.key < b.key ? -1 : 1));
}

function versionOf(objects: readonly ListedObject[]): string {
  const hash = createHash('sha256');
  for (const { key, etag, size } of objects) hash.update(JSON.stringify([key, etag, size]));
  return hash.digest('hex').slice(0, VERSION_DIGITS);
}

interface PinnedObject extends ListedObject {
  /** The key of the version's copy. */
  readonly target: string;
}

async function pin(
  bucket: Bucket,
  version: string,
  kind: ReferenceKind,
  objects: readonly ListedObject[],
): Promise<PinnedObject[]> {
  return await Promise.all(
    objects.map(async (object, order) => {
      const { key, etag, size } = object;
      const target = layout.pinnedReference(version, kind, order, key.endsWith('.gz'));
      if ((await bucket.head(target))?.size !== size) {
        const current = await bucket.head(key);
        if (current?.etag !== etag) {
          throw failure('ServiceUnavailable', `${key} was replaced while its version was being fixed`);
        }
        const source = { key, versionId: current.versionId, size: current.size };
        await copyWithin(bucket, source, target, () => undefined);
      }
      return { ...object, target };
    }),
  );
}
