/** Which days and files a recovery looks at: what the request names, in the terms of the records. Reads only. */
import pLimit from 'p-limit';
import { fileIdSchema } from '../../pipeline/documents.ts';
import {
  archiveRecordSchema,
  fileRecordSchema,
  keyRecordSchema,
  preparedInputsSchema,
} from '../../pipeline/inputs.ts';
import type { ArchiveRecord, FileRecord } from '../../pipeline/inputs.ts';
import { layout, PREFIXES } from '../../pipeline/layout.ts';
import { playsManifestSchema } from '../../pipeline/manifests.ts';
import type { ParsedRecoveryRequest } from '../../pipeline/recovery/request.ts';
import { runRecordSchema } from '../../pipeline/run-record.ts';
import { failure } from '../aws/call.ts';
import { keyRecordOf } from '../storage/claims.ts';
import type { Bucket } from '../storage/objects.ts';
import { listVersions } from '../storage/versions.ts';
import type { Documents } from './documents.ts';

export interface Scope {
  /** Sorted. */
  readonly days: readonly string[];
  readonly files: readonly FileRecord[];
  /** Records of archived copies, where everything is looked at. */
  readonly archives: readonly ArchiveRecord[];
}

export type Selection = Pick<
  ParsedRecoveryRequest,
  'dates' | 'files' | 'runOf' | 'find' | 'rollback' | 'except'
>;

/** Records read at once. */
const PARALLEL = 16;

export class ScopeReader {
  readonly #bucket: Bucket;
  readonly #documents: Documents;

  constructor(bucket: Bucket, documents: Documents) {
    this.#bucket = bucket;
    this.#documents = documents;
  }

  /** @throws `RecoveryImpossible` when a named file or run has no record */
  async resolve(selection: Selection): Promise<Scope> {
    const except = new Set(selection.except);
    const { days, files, archives } = await this.#selected(selection);
    return {
      days: [...new Set(days)].filter((day) => !except.has(day)).sort(),
      files: files.filter(({ id, key }) => !except.has(id) && !except.has(key)),
      archives: archives.filter(({ id, key }) => !except.has(id) && !except.has(key)),
    };
  }

  /** Records of files, by id; an id without one is left out. */
  async records(ids: readonly string[]): Promise<FileRecord[]> {
    const limit = pLimit(PARALLEL);
    const found = await Promise.all(
      [...new Set(ids)]
        .sort()
        .map((id) => limit(() => this.#documents.read('file', layout.file(id), fileRecordSchema))),
    );
    return found.filter((record) => record !== undefined);
  }

  async #selected({ dates, files, runOf, rollback }: Selection): Promise<Scope> {
    if (rollback !== undefined) return { days: [rollback.day], files: [], archives: [] };
    if (dates !== undefined) return { days: dates, files: await this.#filesOfDays(dates), archives: [] };
    if (files !== undefined) return withDays(await this.records(await this.#ids(files)));
    if (runOf !== undefined) return await this.#ofRun(runOf);
    const [everyDay, everyFile] = [await this.#allDays(), await this.records(await this.#allFiles())];
    return { days: everyDay, files: everyFile, archives: await this.#allArchives() };
  }

  async #filesOfDays(days: readonly string[]): Promise<FileRecord[]> {
    const ids: string[] = [];
    for (const day of days) {
      const manifest = await this.#documents.read(
        'plays',
        layout.manifest('plays', day),
        playsManifestSchema,
      );
      ids.push(...(manifest?.sources.map(({ id }) => id) ?? []));
    }
    return await this.records(ids);
  }

  async #ids(names: readonly string[]): Promise<string[]> {
    return await Promise.all(
      names.map(async (name) => {
        if (fileIdSchema.safeParse(name).success) return name;
        const key = name.startsWith(PREFIXES.streams) ? name : `${PREFIXES.streams}${name}`;
        const id = await this.#contentOf(key);
        if (id !== undefined) return id;
        throw failure('RecoveryImpossible', `No record says what ${key} is: no run has ever claimed it`);
      }),
    );
  }

  /** What the key is about to stand for, or stands for. */
  async #contentOf(key: string): Promise<string | undefined> {
    const record = (await this.#bucket.readJson(keyRecordOf(key), keyRecordSchema))?.value;
    if (record?.pending === undefined) return record?.fileId;
    const inputs = await this.#inputs(record.pending.run);
    return inputs.find((file) => file.key === key)?.id ?? record.fileId;
  }

  async #inputs(run: string): Promise<{ readonly id: string; readonly key: string }[]> {
    const inputs = await this.#bucket.readJson(layout.runRecord(run, 'inputs'), preparedInputsSchema);
    return inputs?.value.files ?? [];
  }

  async #ofRun(run: string): Promise<Scope> {
    const inputs = await this.#inputs(run);
    const record = await this.#bucket.readJson(layout.runRecord(run, 'record'), runRecordSchema);
    if (inputs.length === 0 && record === undefined) {
      const advice = 'give its id in the bucket, which msp status shows';
      throw failure('RecoveryImpossible', `There are no records of a run ${run}: ${advice}`);
    }
    const files = await this.records(inputs.map(({ id }) => id));
    const days = record?.value.days.map(({ day }) => day) ?? [];
    return { days: [...days, ...files.flatMap((file) => file.days)], files, archives: [] };
  }

  /** Days that have, or ever had, a manifest: a deleted one is damage, too. */
  async #allDays(): Promise<string[]> {
    const keys = [
      ...(await this.#everThere(PREFIXES.playsManifests)),
      ...(await this.#everThere(PREFIXES.kpisManifests)),
    ];
    return keys.flatMap((key) => /\/(\d{4}-\d{2}-\d{2})\.json$/.exec(key)?.[1] ?? []);
  }

  async #allFiles(): Promise<string[]> {
    const keys = await this.#everThere(PREFIXES.files);
    return keys.flatMap((key) => /\/([0-9a-f]{32})\.json$/.exec(key)?.[1] ?? []);
  }

  async #allArchives(): Promise<ArchiveRecord[]> {
    const keys = (await this.#everThere(PREFIXES.archived)).filter((key) =>
      /\/records\/[^/]+\.json$/.test(key),
    );
    const limit = pLimit(PARALLEL);
    const found = await Promise.all(
      keys.map((key) => limit(() => this.#documents.read('archive', key, archiveRecordSchema))),
    );
    return found.filter((record) => record !== undefined);
  }

  async #everThere(prefix: string): Promise<string[]> {
    const keys = new Set<string>();
    for await (const { key } of listVersions(this.#bucket, prefix)) keys.add(key);
    return [...keys];
  }
}

function withDays(files: FileRecord[]): Scope {
  return { days: files.flatMap(({ days }) => days), files, archives: [] };
}
