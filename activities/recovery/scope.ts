/** Which days and files a recovery looks at: what the request names, in the terms of the records. Reads only. */
import pLimit from 'p-limit';
import { fileIdSchema } from '../../pipeline/documents.ts';
import type { ArchiveRecord, FileRecord } from '../../pipeline/inputs.ts';
import { layout, PREFIXES } from '../../pipeline/layout.ts';
import type { ParsedRecoveryRequest } from '../../pipeline/recovery/request.ts';
import { S3_AT_ONCE } from '../parallel.ts';
import { failure } from '../call.ts';
import { keyRecordOf } from '../storage/claims.ts';
import type { Bucket } from '../../systems/s3/bucket.ts';
import { listVersions } from '../../systems/s3/versions.ts';
import type { KpiTable } from './kpi-table.ts';
import type { Documents } from './documents.ts';

export interface RecoveryScope {
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

export class ScopeReader {
  readonly #bucket: Bucket;
  readonly #documents: Documents;
  readonly #table: KpiTable;

  constructor(bucket: Bucket, documents: Documents, table: KpiTable) {
    this.#bucket = bucket;
    this.#documents = documents;
    this.#table = table;
  }

  /** @throws `RecoveryImpossible` when a named file or run has no record */
  async resolve(selection: Selection): Promise<RecoveryScope> {
    const except = new Set(selection.except);
    const { days, files, archives } = await this.#selected(selection);
    return {
      days: [...new Set(days)].filter((day) => !except.has(day)).sort(),
      files: files.filter(({ id, key }) => !except.has(id) && !except.has(key)),
      archives: archives.filter(({ id, key }) => !except.has(id) && !except.has(key)),
    };
  }

  /** Records of files, by id; an id without one is noted as damage, and left out. */
  async records(ids: readonly string[]): Promise<FileRecord[]> {
    const found = await pLimit(S3_AT_ONCE).map([...new Set(ids)].sort(), (id) =>
      this.#documents.require('file', layout.file(id)),
    );
    return found.filter((record) => record !== undefined);
  }

  async #selected({ dates, files, runOf, rollback }: Selection): Promise<RecoveryScope> {
    if (rollback !== undefined) return { days: [rollback.day], files: [], archives: [] };
    if (dates !== undefined) return { days: dates, files: await this.#filesOfDays(dates), archives: [] };
    if (files !== undefined) return withDays(await this.records(await this.#ids(files)));
    if (runOf !== undefined) return await this.#ofRun(runOf);
    await this.#readAllKeys();
    const [everyDay, everyFile] = [await this.#allDays(), await this.records(await this.#allFiles())];
    return { days: everyDay, files: everyFile, archives: await this.#allArchives() };
  }

  async #filesOfDays(days: readonly string[]): Promise<FileRecord[]> {
    const ids: string[] = [];
    for (const day of days) {
      const { plays } = await this.#documents.ofDay(day);
      ids.push(...(plays?.sources.map(({ id }) => id) ?? []));
    }
    return await this.records(ids);
  }

  async #ids(names: readonly string[]): Promise<string[]> {
    return await Promise.all(
      names.map(async (name) => {
        if (fileIdSchema.safeParse(name).success) {
          if ((await this.#documents.read('file', layout.file(name))) !== undefined) return name;
          throw failure(
            'RecoveryImpossible',
            `There is no record of a file ${name}: no run has ever claimed it`,
          );
        }
        const key = name.startsWith(PREFIXES.streams) ? name : `${PREFIXES.streams}${name}`;
        const id = await this.#contentOf(key);
        if (id !== undefined) return id;
        throw failure('RecoveryImpossible', `No record says what ${key} is: no run has ever claimed it`);
      }),
    );
  }

  /** What the key is about to stand for, or stands for. */
  async #contentOf(key: string): Promise<string | undefined> {
    const record = await this.#documents.read('key', keyRecordOf(key));
    if (record?.pending === undefined) return record?.fileId;
    const inputs = await this.#inputs(record.pending.run);
    return inputs.find((file) => file.key === key)?.id ?? record.fileId;
  }

  async #inputs(run: string): Promise<{ readonly id: string; readonly key: string }[]> {
    return (await this.#documents.read('inputs', layout.runRecord(run, 'inputs')))?.files ?? [];
  }

  async #ofRun(run: string): Promise<RecoveryScope> {
    const inputs = await this.#inputs(run);
    const record = await this.#documents.read('run', layout.runRecord(run, 'record'));
    if (inputs.length === 0 && record === undefined) {
      const advice = 'give its id in the bucket, which msp status shows';
      throw failure('RecoveryImpossible', `There are no records of a run ${run}: ${advice}`);
    }
    const files = await this.records(inputs.map(({ id }) => id));
    const days = record?.days.map(({ day }) => day) ?? [];
    return { days: [...days, ...files.flatMap((file) => file.days)], files, archives: [] };
  }

  /** Days that have, or ever had, a manifest, and those that the table has: what is gone is damage, too. */
  async #allDays(): Promise<string[]> {
    const keys = [
      ...(await this.#everThere(PREFIXES.playsManifests)),
      ...(await this.#everThere(PREFIXES.kpisManifests)),
    ];
    const published = keys.flatMap((key) => /\/(\d{4}-\d{2}-\d{2})\.json$/.exec(key)?.[1] ?? []);
    return [...published, ...(await this.#table.days())];
  }

  async #allFiles(): Promise<string[]> {
    const keys = await this.#everThere(PREFIXES.files);
    return keys.flatMap((key) => /\/([0-9a-f]{32})\.json$/.exec(key)?.[1] ?? []);
  }

  /** Notes the damaged ones; what they say is read where it is needed. */
  async #readAllKeys(): Promise<void> {
    const keys = (await this.#everThere(PREFIXES.keys)).filter((key) => key.endsWith('.json'));
    await pLimit(S3_AT_ONCE).map(keys, (key) => this.#documents.read('key', key));
  }

  async #allArchives(): Promise<ArchiveRecord[]> {
    const keys = (await this.#everThere(PREFIXES.archived)).filter((key) =>
      /\/records\/[^/]+\.json$/.test(key),
    );
    const found = await pLimit(S3_AT_ONCE).map(keys, (key) => this.#documents.read('archive', key));
    return found.filter((record) => record !== undefined);
  }

  async #everThere(prefix: string): Promise<string[]> {
    const keys = new Set<string>();
    for await (const { key } of listVersions(this.#bucket, prefix)) keys.add(key);
    return [...keys];
  }
}

function withDays(files: FileRecord[]): RecoveryScope {
  return { days: files.flatMap(({ days }) => days), files, archives: [] };
}
