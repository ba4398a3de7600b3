/** What a reset is asked for: one JSON object that says which part of the processing state is set back. */
import { z } from 'zod';
import { daySchema } from '../documents.ts';
import { procedureFields } from '../procedures/request.ts';

const selection = {
  /** Days to process anew from their archived inputs; until that is done they stay as they are published. */
  dates: z.array(daySchema).min(1).max(400).optional(),
  /** Claims of runs that have ended: their files are free, and wait under `streams/` for a next run. */
  claims: z.literal(true).optional(),
  /** All claims, and all days. */
  all: z.literal(true).optional(),
  /** Goes back to the state before the reset with this id, as far as nothing has been built on it. */
  undo: z.string().min(1).optional(),
};

const resetFields = z.strictObject({
  ...procedureFields,
  ...selection,
  /** Start a run at the end and watch it. */
  restart: z.boolean().default(true),
});

const SELECTORS = Object.keys(selection) as (keyof typeof selection)[];

export const resetRequestSchema = resetFields.refine(
  (request) => SELECTORS.filter((name) => request[name] !== undefined).length === 1,
  `give exactly one of ${SELECTORS.join(', ')}`,
);

/** As given by the caller. */
export type ResetRequest = z.input<typeof resetRequestSchema>;
/** As the procedure keeps it. */
export type ParsedResetRequest = z.output<typeof resetRequestSchema>;
