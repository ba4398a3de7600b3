/**
 * Documents that may be damaged: what can't be read now, or belongs under another key, is read as its newest version
 * that is right, and noted. So a look goes on with what the document said, and the plan puts it back. Reads only.
 */
import type { z } from 'zod';
import {
  archiveRecordSchema,
  fileRecordSchema,
  keyRecordSchema,
  preparedInputsSchema,
} from '../../pipeline/inputs.ts';
import { layout } from '../../pipeline/layout.ts';
import { kpisManifestSchema, playsManifestSchema } from '../../pipeline/manifests.ts';
import type { KpisManifest, PlaysManifest } from '../../pipeline/manifests.ts';
import type { DocumentDamage, GoodCopy } from '../../pipeline/recovery/evidence.ts';
import { runRecordSchema } from '../../pipeline/run-record.ts';
import { isFailureOf } from '../call.ts';
import { keyRecordOf } from '../storage/claims.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import { versionsOf } from '../../systems/s3/versions.ts';

const ELSEWHERE = 'it belongs under another key';

/** What each kind of document has to be under a key. */
const SCHEMAS = {
  plays: (key: string) =>
    playsManifestSchema.refine(({ day }) => layout.manifest('plays', day) === key, ELSEWHERE),
  kpis: (key: string) =>
    kpisManifestSchema.refine(({ day }) => layout.manifest('kpis', day) === key, ELSEWHERE),
  file: (key: string) => fileRecordSchema.refine(({ id }) => layout.file(id) === key, ELSEWHERE),
  key: (key: string) => keyRecordSchema.refine((record) => keyRecordOf(record.key) === key, ELSEWHERE),
  archive: (key: string) =>
    archiveRecordSchema.refine(({ id, run }) => key.includes(`/run=${run}/records/${id}-`), ELSEWHERE),
  inputs: (key: string) =>
    preparedInputsSchema.refine(({ run }) => layout.runRecord(run, 'inputs') === key, ELSEWHERE),
  run: (key: string) =>
    runRecordSchema.refine(({ run }) => layout.runRecord(run, 'record') === key, ELSEWHERE),
} as const satisfies Record<DocumentDamage['kind'], (key: string) => z.ZodType>;

type Kind = keyof typeof SCHEMAS;
type DocumentOf<K extends Kind> = z.output<ReturnType<(typeof SCHEMAS)[K]>>;

/** A document of the kind as it has to be under the key. */
function schemaOf<K extends Kind>(kind: K, key: string): z.ZodType<DocumentOf<K>> {
  return SCHEMAS[kind](key) as unknown as z.ZodType<DocumentOf<K>>;
}

/** @returns `undefined` when it is not there, no value when it is not what it should be */
export async function readDocument<K extends Kind>(
  bucket: Bucket,
  kind: K,
  key: string,
): Promise<{ readonly value?: DocumentOf<K> } | undefined> {
  try {
    const found = await bucket.readJson(key, schemaOf(kind, key));
    return found === undefined ? undefined : { value: found.value };
  } catch (error) {
    if (isFailureOf(error, 'DocumentInvalid')) return {};
    throw error;
  }
}

/** What the manifests say of a day, as far as they are right. */
export interface DayManifests {
  readonly plays: PlaysManifest | undefined;
  readonly kpis: KpisManifest | undefined;
  /** Files that count only in a manifest that was put in the place of a later one. */
  readonly uncounted: readonly string[];
}

export class Documents {
  readonly #bucket: Bucket;
  readonly #damages = new Map<string, DocumentDamage>();

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  get damages(): DocumentDamage[] {
    return [...this.#damages.values()];
  }

  /** @returns `undefined` when there never was one, or none of its versions is right */
  async read<K extends Kind>(kind: K, key: string): Promise<DocumentOf<K> | undefined> {
    const current = await readDocument(this.#bucket, kind, key);
    if (current?.value !== undefined) return current.value;
    const problem = current === undefined ? 'missing' : 'unreadable';
    const earlier = await findVersion(this.#bucket, key, schemaOf(kind, key), () => true);
    if (earlier !== undefined) this.#note({ kind, key, problem, backup: earlier.from });
    else if ((await versionsOf(this.#bucket, key)).length > 0) this.#note({ kind, key, problem });
    return earlier?.value;
  }

  /** A document that something else names: that there never was one is damage, too. */
  async require<K extends Kind>(kind: K, key: string): Promise<DocumentOf<K> | undefined> {
    const found = await this.read(kind, key);
    if (found === undefined && !this.#damages.has(key)) this.#note({ kind, key, problem: 'missing' });
    return found;
  }

  /**
   * The KPIs first: a run that publishes meanwhile makes plays newer than them, never older. Plays that are older than
   * their KPIs stand in the place of later ones: somebody deleted the manifest, and a run began the day anew.
   */
  async ofDay(day: string): Promise<DayManifests> {
    const kpis = await this.read('kpis', layout.manifest('kpis', day));
    const key = layout.manifest('plays', day);
    const found = await this.read('plays', key);
    const edition = kpis?.edition ?? 0;
    if ((found?.edition ?? 0) >= edition) return { plays: found, kpis, uncounted: [] };
    const holds = (plays: PlaysManifest): boolean => plays.edition >= edition;
    const later = await findVersion(this.#bucket, key, schemaOf('plays', key), holds);
    const problem = this.#damages.get(key)?.problem ?? (found === undefined ? 'missing' : 'older');
    this.#note({
      ...{ kind: 'plays', key, problem },
      ...(found === undefined ? {} : { edition: found.edition }),
      ...(later === undefined ? {} : { backup: later.from }),
    });
    const counted = new Set(
      [...(later?.value.sources ?? []), ...(later?.value.retired ?? [])].map(({ id }) => id),
    );
    const sources = found?.sources.map(({ id }) => id) ?? [];
    return { plays: later?.value, kpis, uncounted: sources.filter((id) => !counted.has(id)) };
  }

  /** A document may be looked at twice. */
  #note(damage: DocumentDamage): void {
    this.#damages.set(damage.key, damage);
  }
}

/** The version of a document in which something holds, the newest of them. */
export async function findVersion<T>(
  bucket: Bucket,
  key: string,
  schema: z.ZodType<T>,
  holds: (value: T) => boolean,
): Promise<{ readonly value: T; readonly from: GoodCopy } | undefined> {
  for (const { versionId } of await versionsOf(bucket, key)) {
    try {
      const found = await bucket.readJson(key, schema, versionId);
      if (found !== undefined && holds(found.value)) return { value: found.value, from: { key, versionId } };
    } catch (error) {
      if (!isFailureOf(error, 'DocumentInvalid')) throw error;
    }
  }
  return undefined;
}
