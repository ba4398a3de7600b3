/** What a data recovery is asked for: one JSON object that names the range, or asks for it to be found. */
import { z } from 'zod';
import { daySchema } from '../documents.ts';
import { procedureFields } from '../procedures/request.ts';

const selection = {
  /** Days of plays: their validated data, KPIs, items, and the archived inputs behind them. */
  dates: z.array(daySchema).min(1).max(400).optional(),
  /** Input files, by key under `streams/` or by file id: their bytes and the days that they brought. */
  files: z.array(z.string().min(1)).min(1).max(1000).optional(),
  /** A run, by its id in the bucket: the days that it published and the files that it took. */
  runOf: z.string().min(1).optional(),
  /** Everything: compares all there is with its records. */
  find: z.literal(true).optional(),
  /** Puts the plays of an earlier edition of a day back, as a new edition. */
  rollback: z.strictObject({ day: daySchema, edition: z.number().int().min(1) }).optional(),
};

const recoveryFields = z.strictObject({
  ...procedureFields,
  ...selection,
  /** Read every object in full, also where S3 has a checksum of it. */
  deep: z.boolean().default(false),
  /** Keys, days or file ids that are left as they are. */
  except: z.array(z.string().min(1)).max(1000).default([]),
});

const SELECTORS = Object.keys(selection) as (keyof typeof selection)[];

export const recoveryRequestSchema = recoveryFields.refine(
  (request) => SELECTORS.filter((name) => request[name] !== undefined).length === 1,
  `give exactly one of ${SELECTORS.join(', ')}`,
);

/** As given by the caller. */
export type RecoveryRequest = z.input<typeof recoveryRequestSchema>;
/** As the procedure keeps it. */
export type ParsedRecoveryRequest = z.output<typeof recoveryRequestSchema>;
