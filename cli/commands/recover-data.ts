/** `msp recover data`: find what is damaged, and bring it back. */
import type { Command } from 'commander';
import { z } from 'zod';
import { daySchema } from '../../pipeline/documents.ts';
import { ClientError } from '../../client/errors.ts';
import { withoutUndefined } from '../../client/optional.ts';
import { checked, type CliContext } from '../context.ts';
import { examples, outputOption, outputSchema, RUN, whoAmI } from '../options.ts';
import { carryOut } from '../procedure-flow.ts';
import { procedureOptions, procedureOptionsSchema } from './procedures.ts';

const optionsSchema = procedureOptionsSchema.extend({
  dates: z.array(daySchema).optional(),
  files: z.array(z.string()).optional(),
  run: z.string().optional(),
  find: z.literal(true).optional(),
  rollback: daySchema.optional(),
  edition: z.coerce.number().int().positive().optional(),
  deep: z.boolean().optional(),
  except: z.array(z.string()).optional(),
  output: outputSchema,
});

/** @param recover the command `msp recover` */
export function addRecoverData(recover: Command, context: CliContext): void {
  const command = recover
    .command('data')
    .summary('find damaged or lost data and bring it back')
    .description(
      'Compares objects and items with their records, restores what has a right copy, makes the rest again from what ' +
        'it was made of, and verifies. Shows the plan and asks before anything is changed. What can not be recovered ' +
        'is named, and the exit code is 1.',
    )
    .option('--dates <date...>', 'these days and the files behind them')
    .option('--files <file...>', 'these inputs, by key or file id')
    .option('--run <run>', `what this run took and published: ${RUN}`)
    .option('--find', 'everything')
    .option('--rollback <date>', 'put an earlier edition of this day back, as a new one')
    .option('--edition <n>', 'the edition to go back to')
    .option('--deep', 'read every object, also where S3 has its checksum')
    .option('--except <what...>', 'keys, days or files to leave as they are');
  procedureOptions(command);
  command.addOption(outputOption());
  command.action(async (given: unknown) => {
    const { run, rollback, edition, output, ...options } = checked(optionsSchema, given);
    const { by = whoAmI(), reason, yes, dryRun, ...rest } = options;
    if (edition !== undefined && rollback === undefined) {
      throw new ClientError('WrongUse', '--edition says to which edition a day goes back', {
        advice: 'Name the day with --rollback.',
      });
    }
    await context.withClient(async (client) => {
      const request = withoutUndefined({
        ...rest,
        runOf: run === undefined ? undefined : await client.runInBucket(run),
        rollback: rollback === undefined ? undefined : { day: rollback, edition: edition ?? 0 },
      });
      const reference = await client.procedures.recoverData({ by, reason, dryRun, ...request });
      const question = 'Carry this out?';
      await carryOut(context, client, reference, {
        by,
        reason,
        yes,
        dryRun,
        json: output === 'json',
        question,
      });
    });
  });
  examples(command, [
    'msp recover data --find --dry-run --reason "monthly look"',
    'msp recover data --dates 2024-06-25 2024-06-26 --reason "the disk of the exporter failed"',
    'msp recover data --rollback 2024-06-25 --edition 2 --reason "the correction was wrong" --yes',
  ]);
}
