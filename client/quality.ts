/** What validation found in a run's inputs: the quality record, and the rejected rows and rows under review themselves. */
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { z } from 'zod';
import { layout } from '../pipeline/layout.ts';
import { recordedLossSchema } from '../pipeline/losses.ts';
import { gateVerdictSchema } from '../pipeline/quality.ts';
import { validationReportSchema } from '../pipeline/reports.ts';
import { expected, jsonOf } from './answers.ts';
import { ClientError, notFound } from './errors.ts';
import type { Objects } from './objects.ts';

export const qualityRecordSchema = z.object({
  version: z.literal(1),
  run: z.string(),
  gate: gateVerdictSchema,
  /** Days of which published plays would stop counting. */
  losses: z.array(recordedLossSchema),
  /** Absent when the run had nothing to validate, and only took away. */
  report: validationReportSchema.optional(),
});
/** What the gate has judged, and on what. */
export type QualityRecord = z.infer<typeof qualityRecordSchema>;

const optionalText = z
  .string()
  .nullish()
  .transform((value) => value ?? null);

/** A row that was not accepted, as the validation job wrote it down. */
export const judgedRowSchema = z.object({
  /** Key of the file that brought it, as delivered. */
  key: z.string(),
  /** Line in the file, the header being line 1. */
  line: z.union([z.number(), z.bigint()]).transform(Number),
  verdict: z.string(),
  /** All reasons, the first in the rule table's order being the one that is counted. */
  reasons: z.array(z.string()),
  user_id: optionalText,
  track_id: optionalText,
  listen_time: optionalText,
  /** The line as delivered. */
  raw: optionalText,
});
/** A row that was set aside or is under review, with why. Holds personal data. */
export type JudgedRow = z.infer<typeof judgedRowSchema>;

export type RowKind = 'errors' | 'review';

/** Rows decoded at a time. */
const BATCH_ROWS = 10_000;

/** What is needed of the bucket. */
type Documents = Pick<Objects, 'name' | 'json' | 'text' | 'bytes'>;

/** Reads what validation has found in a run. Needs S3 only. */
export class Quality {
  readonly #bucket: Documents;

  constructor(bucket: Documents) {
    this.#bucket = bucket;
  }

  /**
   * The quality record of a run.
   * @param run the run's id in the bucket
   * @throws ClientError `NotFound` when the run has not come to its quality gate
   */
  async record(run: string): Promise<QualityRecord> {
    try {
      return await this.#bucket.json(layout.runRecord(run, 'quality'), qualityRecordSchema);
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== 'NotFound') throw error;
      throw notFound(
        `Run ${run} has no quality record.`,
        'It has none before its quality gate, and when it changed nothing.',
        error,
      );
    }
  }

  /**
   * The rows that were rejected (`errors`) or wait for reference data (`review`), file by file. Only files that the
   * report names are read: a killed validation run leaves others.
   */
  async *rows(run: string, kind: RowKind): AsyncGenerator<JudgedRow> {
    const { report } = await this.record(run);
    for (const { key, size, rows } of report?.[kind].files ?? []) {
      if (rows > 0)
        yield* key.endsWith('.parquet') ? this.#parquetRows(key, size, rows) : this.#jsonRows(key);
    }
  }

  async *#parquetRows(key: string, size: number, rows: number): AsyncGenerator<JudgedRow> {
    const bytes = await this.#bucket.bytes(key);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const file = {
      byteLength: size,
      slice: (start: number, end?: number): ArrayBuffer =>
        new Uint8Array(buffer, start, (end ?? size) - start).slice().buffer,
    };
    for (let rowStart = 0; rowStart < rows; rowStart += BATCH_ROWS) {
      const rowEnd = Math.min(rows, rowStart + BATCH_ROWS);
      for (const row of await parquetReadObjects({ file, compressors, rowStart, rowEnd }))
        yield this.#parse(row, key);
    }
  }

  async *#jsonRows(key: string): AsyncGenerator<JudgedRow> {
    for (const line of (await this.#bucket.text(key)).split('\n')) {
      if (line.trim() !== '') yield this.#parse(jsonOf(line, this.#rowOf(key)), key);
    }
  }

  #parse(row: unknown, key: string): JudgedRow {
    return expected(judgedRowSchema, row, { ...this.#rowOf(key), personal: true });
  }

  #rowOf(key: string): { readonly what: string; readonly advice: string } {
    return {
      what: `A row in s3://${this.#bucket.name}/${key}`,
      advice: 'It was written by another version of the validation script.',
    };
  }
}
