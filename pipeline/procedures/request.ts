/** What every procedure is asked with: one JSON object, as the Temporal UI's form and `--input` give it. */
import { z } from 'zod';
import { sha256Schema } from '../documents.ts';

export const procedureFields = {
  /** Who asks for the procedure. */
  by: z.string().min(1).max(200),
  /** Why: stands in the history and in the report. */
  reason: z.string().min(1).max(2000),
  /**
   * `wait`: show the plan and wait for an approval of it. A digest approves the plan of an earlier dry run: if the plan
   * is still that one it is carried out, else it is shown like any other.
   */
  approve: z.union([z.literal('wait'), z.strictObject({ digest: sha256Schema })]).default('wait'),
  /** End after the plan. */
  dryRun: z.boolean().default(false),
};

export type CommonRequest = z.output<z.ZodObject<typeof procedureFields>>;
