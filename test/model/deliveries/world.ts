/**
 * Runs over a bucket in memory, as far as deliveries go: inputs are found, claimed, judged, published and archived by
 * the pipeline's own activities; what Glue would find in a file is told by a few lines here.
 */
import assert from 'node:assert';
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { isFailureOf } from '../../../activities/call.ts';
import { createAdoptionActivities } from '../../../activities/storage/adoption.ts';
import { createArchiveActivities } from '../../../activities/storage/archive.ts';
import { keyRecordOf } from '../../../activities/storage/claims.ts';
import { createInputActivities } from '../../../activities/storage/inputs.ts';
import { createStateActivities } from '../../../activities/storage/state.ts';
import { createQualityActivities } from '../../../activities/storage/quality.ts';
import { createPlaysActivities } from '../../../activities/storage/plays.ts';
import type { Preparation } from '../../../pipeline/activity-types.ts';
import { fileIdOf } from '../../../pipeline/documents.ts';
import { fileRecordSchema, keyRecordSchema, preparedInputsSchema } from '../../../pipeline/inputs.ts';
import type { Owner } from '../../../pipeline/inputs.ts';
import { layout, PREFIXES } from '../../../pipeline/layout.ts';
import { lossOf, recorded } from '../../../pipeline/losses.ts';
import type { RecordedLoss } from '../../../pipeline/losses.ts';
import { playsManifestSchema } from '../../../pipeline/manifests.ts';
import type { PlaysManifest } from '../../../pipeline/manifests.ts';
import type { ValidationPlan } from '../../../pipeline/plans.ts';
import type { FileReport, ValidationReport } from '../../../pipeline/reports.ts';
import { DEFAULT_RUN_SETTINGS } from '../../../pipeline/run-context.ts';
import type { RunContext, RunSettings } from '../../../pipeline/run-context.ts';
import { MemoryBucket } from '../../support/fakes/memory-bucket.ts';
import { fileReport, reportOn } from '../../support/data/validation-report.ts';

const SETTINGS: RunSettings = { ...DEFAULT_RUN_SETTINGS, pipeline: 'p', bucket: 'b', maxFilesPerRun: 100 };
const ROWS = { files: 1, rows: 1, unusable: 0 };
const REFERENCE = { version: 'v', songs: ROWS, users: ROWS, firstBad: [] };
const NOW = '2026-02-01T00:00:00Z';

/** Far longer than a read or a write in memory takes. */
const SETTLED_MS = 5;

/** The worker is killed here. */
class Killed extends Error {}

/** A file whose first line is no header is rejected whole; every other line is a play `DAY NAME`. */
export const HEADER = 'plays';

export interface Death {
  readonly in: 'prepare' | 'publish' | 'archive';
  /** How many writes are done before; of archiving, how many files. */
  readonly after: number;
}

/** Stages that have a checkpoint when a run dies in one. */
const FINISHED_BEFORE = {
  prepare: [],
  publish: ['prepare'],
  archive: ['prepare', 'publish'],
} as const satisfies Record<Death['in'], readonly string[]>;

/** How a run passes through its stages. */
interface Way {
  readonly finished: readonly string[];
  readonly again: boolean;
  readonly archives: boolean;
}
const WHOLE: Way = { finished: [], again: false, archives: true };

type Prepared = Pick<Preparation, 'toValidate' | 'retiring'>;

export class DeliveryWorld {
  readonly bucket = new MemoryBucket();
  /** Says nothing of the attempts that fail: they are meant to. */
  readonly #environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  readonly #closed: string[] = [];
  readonly #closedRuns = (): Promise<readonly string[]> => Promise.resolve(this.#closed);
  #killed: { readonly owner: Owner; readonly finished: readonly string[] } | undefined;
  readonly #plays = new Map<string, readonly { source: string; play: string }[]>();
  /** Files that the last run had to validate. */
  validated = 0;
  #runs = 0;
  #validations = 0;

  deliver(name: string, content: string): void {
    this.bucket.put(`${PREFIXES.streams}${name}`, content);
  }

  waiting(): string[] {
    return this.bucket.keys(PREFIXES.streams).map((key) => key.slice(PREFIXES.streams.length));
  }

  /** Whether a run came so far that the name stands for the content. */
  standsFor(name: string, content: string): boolean {
    const record = this.bucket.text(keyRecordOf(`${PREFIXES.streams}${name}`));
    return record !== undefined && keyRecordSchema.parse(JSON.parse(record)).fileId === idOf(content);
  }

  /** Whether a run has done all that it had to do with the content. */
  isDone(content: string): boolean {
    const record = this.bucket.text(layout.file(idOf(content)));
    return record !== undefined && fileRecordSchema.parse(JSON.parse(record)).state === 'done';
  }

  /**
   * A whole run, or one that is killed on its way, or one whose archiving is skipped.
   * @returns the name for which a good file has to be delivered before anything is published
   */
  async run(death?: Death, archives = true): Promise<string | undefined> {
    this.#runs += 1;
    const run = `run-${this.#runs}`;
    const owner = { run, workflowId: `w-${run}`, originalRunId: `f-${run}` };
    try {
      await this.#passThrough({ owner, settings: SETTINGS }, death, { ...WHOLE, archives });
    } catch (error) {
      if (isFailureOf(error, 'CorrectionHalfPublished')) return /streams\/([^:]+)/.exec(String(error))?.[1];
      if (death === undefined) throw error;
      await this.#allDie();
      this.#killed = { owner, finished: FINISHED_BEFORE[death.in] };
    } finally {
      this.bucket.beforeWrite = undefined;
      this.#closed.push(run);
    }
    return undefined;
  }

  /** What the killed worker was doing beside the write at which it died comes to nothing, too. */
  async #allDie(): Promise<void> {
    this.bucket.beforeWrite = () => {
      throw new Killed();
    };
    await setTimeout(SETTLED_MS);
  }

  /**
   * The run that was killed last goes on, where there is one: what it had finished is not done again.
   * @param again but for the validation, and what follows it
   */
  async resume(again = false): Promise<void> {
    if (this.#killed === undefined) return;
    const { owner, finished } = this.#killed;
    this.#killed = undefined;
    const context = {
      owner: { ...owner, originalRunId: `${owner.originalRunId}-again` },
      settings: SETTINGS,
    };
    try {
      await this.#passThrough(context, undefined, { ...WHOLE, finished, again });
    } catch (error) {
      // It parks, an operator ends it.
      if (!isFailureOf(error, 'InputsTaken')) throw error;
    } finally {
      this.bucket.beforeWrite = undefined;
    }
  }

  async #passThrough(
    context: RunContext,
    death: Death | undefined,
    { finished, again, archives }: Way,
  ): Promise<void> {
    const { systems } = this.bucket;
    const dieIn = (stage: Death['in']): void => {
      let left = death?.in === stage ? death.after : Infinity;
      this.bucket.beforeWrite = (key) => {
        if (stage === 'archive' && !isArchivedFile(key)) return;
        if (left <= 0) throw new Killed();
        left -= 1;
      };
    };
    dieIn('prepare');
    const prepared = finished.includes('prepare')
      ? await this.#adopt(context, again)
      : await this.#prepare(context);
    if (prepared === undefined) return;
    this.validated = prepared.toValidate;
    const report = prepared.toValidate === 0 ? undefined : this.#validate(context.owner.run);
    if ((again || !finished.includes('publish')) && (prepared.toValidate > 0 || prepared.retiring > 0)) {
      const given = {
        reference: REFERENCE,
        scriptDigest: 'd',
        now: NOW,
        ...(report === undefined ? {} : { report }),
      };
      const foreseen = await this.#foresee(context, report);
      dieIn('publish');
      const before = this.#manifests();
      await this.#do(createPlaysActivities(systems).publishPlays, context, given);
      requireForeseen(foreseen, before, this.#manifests());
    }
    dieIn('archive');
    if (archives) await this.#do(createArchiveActivities(systems).archiveInputs, context, { now: NOW });
    else
      await this.#do(createStateActivities(systems).updateProcessingState, context, {
        now: NOW,
        record: { outcome: 'published' },
        unarchived: true,
      });
  }

  async #prepare(context: RunContext): Promise<Prepared | undefined> {
    const { findNewStreams, prepareData } = createInputActivities(this.bucket.systems, this.#closedRuns);
    if ((await this.#do(findNewStreams, context, {})).files === 0) return undefined;
    return await this.#do(prepareData, context, { reference: REFERENCE, now: NOW });
  }

  async #adopt(context: RunContext, again: boolean): Promise<Prepared> {
    const { adoptInputs } = createAdoptionActivities(this.bucket.systems, this.#closedRuns);
    const given = again ? { again: { reference: REFERENCE, now: NOW } } : {};
    await this.#do(adoptInputs, context, given);
    const text = this.bucket.text(layout.runRecord(context.owner.run, 'inputs')) ?? '';
    const { files, retire } = preparedInputsSchema.parse(JSON.parse(text));
    const toValidate = files.filter(({ verdict }) => verdict !== 'redelivery').length;
    return { toValidate, retiring: retire.length };
  }

  /** What the gate says would stop counting. It changes nothing that is published or claimed. */
  async #foresee(context: RunContext, report: string | undefined): Promise<RecordedLoss[]> {
    const quality = layout.runRecord(context.owner.run, 'quality');
    this.bucket.beforeWrite = (key) => {
      if (key !== quality) throw new Error(`The gate has written ${key}`);
    };
    const given = { onPurpose: false, ...(report === undefined ? {} : { report }) };
    await this.#do(createQualityActivities(this.bucket.systems).judgeQuality, context, given);
    return (JSON.parse(this.bucket.text(quality) ?? '') as { losses: RecordedLoss[] }).losses;
  }

  #manifests(): Map<string, PlaysManifest> {
    return new Map(
      this.bucket.keys(PREFIXES.playsManifests).map((key) => {
        const manifest = playsManifestSchema.parse(JSON.parse(this.bucket.text(key) ?? ''));
        return [manifest.day, manifest];
      }),
    );
  }

  /** The published plays of each day, each once. */
  published(): Record<string, string[]> {
    const days: Record<string, string[]> = {};
    for (const key of this.bucket.keys(PREFIXES.playsManifests)) {
      const { day, sources, parts } = playsManifestSchema.parse(JSON.parse(this.bucket.text(key) ?? ''));
      const live = new Set(sources.map(({ id }) => id));
      const rows = parts.flatMap(({ files }) => files.flatMap((file) => this.#plays.get(file.key) ?? []));
      const plays = new Set(rows.filter(({ source }) => live.has(source)).map(({ play }) => play));
      if (plays.size > 0) days[day] = [...plays].sort();
    }
    return days;
  }

  async #do<A extends unknown[], R>(activity: (...args: A) => Promise<R>, ...args: A): Promise<R> {
    // An attempt of its own for each, as a worker has it.
    return await this.#environment.run(activity as (...given: unknown[]) => Promise<R>, ...args);
  }

  /** @returns the key of the report */
  #validate(run: string): string {
    this.#validations += 1;
    const name = `jr_${this.#validations}`;
    const plan = JSON.parse(this.bucket.text(layout.plan(run, 'validation')) ?? '') as ValidationPlan;
    const byDay = new Map<string, { source: string; play: string }[]>();
    const files: FileReport[] = [];
    for (const { id, key, uri } of plan.files) {
      const [header, ...plays] = (this.bucket.text(uri.slice('s3://b/'.length)) ?? '').split('\n');
      const isRejected = header !== HEADER;
      const days: Record<string, number> = {};
      for (const play of isRejected ? [] : plays) {
        const [day = ''] = play.split(' ');
        days[day] = (days[day] ?? 0) + 1;
        byDay.set(day, [...(byDay.get(day) ?? []), { source: id, play }]);
      }
      const valid = isRejected ? 0 : plays.length;
      const rows = { delivered: valid, valid, duplicate: 0, rejected: 0, underReview: 0 };
      files.push(fileReport({ id, key, rows, days, status: isRejected ? 'rejected' : 'accepted' }));
    }
    const parts: ValidationReport['parts'] = [...byDay].map(([day, accepted]) => {
      const key = `${PREFIXES.plays}listen_date=${day}/run=${run}/${name}.parquet`;
      this.#plays.set(key, accepted);
      const sources = [...new Set(accepted.map(({ source }) => source))].map((id) => ({
        id,
        rows: accepted.filter(({ source }) => source === id).length,
      }));
      const sha256 = createHash('sha256').update(key).digest('hex');
      const distinctPlays = new Set(accepted.map(({ play }) => play)).size;
      return {
        day,
        files: [{ key, size: 1, rows: accepted.length, sha256 }],
        rows: accepted.length,
        distinctPlays,
        sources,
      };
    });
    const key = `${layout.stageReports(run, 'validation')}${name}.json`;
    this.bucket.put(key, JSON.stringify(reportOn(run, files, parts)));
    return key;
  }
}

function idOf(content: string): string {
  return fileIdOf(createHash('sha256').update(content).digest('hex'));
}

/** Nothing has stopped counting that the gate had not foreseen, and nothing else. */
function requireForeseen(
  foreseen: readonly RecordedLoss[],
  before: ReadonlyMap<string, PlaysManifest>,
  after: ReadonlyMap<string, PlaysManifest>,
): void {
  const stopped = [...after.values()].flatMap((manifest) => lossOf(before.get(manifest.day), manifest) ?? []);
  assert.deepStrictEqual(foreseen, stopped.map(recorded));
}

function isArchivedFile(key: string): boolean {
  return key.startsWith(PREFIXES.archived) && !key.includes('/records/');
}
